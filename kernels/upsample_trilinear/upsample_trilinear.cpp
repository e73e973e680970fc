#include "kernels/upsample_trilinear/upsample_trilinear.h"

#include "kernels/add/add.h"

namespace revunet {

namespace {

// Delivers the gradient of x, which is like `spec`.
void backward(const Context& ctx, const Tensor& dy, int slot, const TensorSpec& spec, Gradients& gradients) {
  gradients.deliver(ctx, slot, spec, nullptr,
                    [&](Tensor& dx, bool accumulate) { upsample_trilinear_backward(ctx, dy, dx, accumulate); });
}

}  // namespace

Shape upsample_trilinear_shape(const Shape& x, const HalvedAxes& axes) {
  const auto [N, D, H, W, C] = activation(x);
  const auto [d, h, w] = factors_of(axes);
  return {N, d * D, h * H, w * W, C};
}

Variable upsample_trilinear(const Context& ctx, Variable x, const HalvedAxes& axes) {
  Tensor y(ctx, TensorSpec{upsample_trilinear_shape(x.value.shape(), axes), x.value.dtype(), Layout::activation});
  upsample_trilinear_forward(ctx, x.value, y, Write::overwrite);

  if (!ctx.tape || !x.needs_gradient()) return Variable(std::move(y));
  Variable out = ctx.tape->track(std::move(y));
  ctx.tape->record({.name = "upsample_trilinear",
                    .inputs = {x.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [slot = x.slot, spec = x.value.spec()](const Context& inner, std::vector<Tensor> dy,
                                                                       Gradients& gradients) {
                      backward(inner, dy[0], slot, spec, gradients);
                    }});
  return out;
}

Variable upsample_trilinear_add(const Context& ctx, Variable low, Variable skip) {
  Tensor y = skip.value.unique() ? skip.value : Tensor(ctx, skip.value.spec());
  upsample_trilinear_add_forward(ctx, low.value, skip.value, y);
  skip.value = Tensor();

  if (!ctx.tape || !(low.needs_gradient() || skip.needs_gradient())) return Variable(std::move(y));
  Variable out = ctx.tape->track(std::move(y));
  ctx.tape->record({.name = "upsample_trilinear_add",
                    .inputs = {low.slot, skip.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [low = low.slot, spec = low.value.spec(), skip = skip.slot](
                                    const Context& inner, std::vector<Tensor> dy, Gradients& gradients) {
                      backward(inner, dy[0], low, spec, gradients);
                      gradients.deliver(inner, skip, dy[0].spec(), &dy[0], [&](Tensor& dx, bool accumulate) {
                        add_backward(inner, dy[0], dx, accumulate);
                      });
                    }});
  return out;
}

void upsample_trilinear_forward(const Context& ctx, const Tensor& x, Tensor& y, Write mode) {
  return REVUNET_ON_DEVICE(upsample_trilinear_forward, ctx, x, y, mode);
}
void upsample_trilinear_add_forward(const Context& ctx, const Tensor& x, const Tensor& skip, Tensor& y) {
  return REVUNET_ON_DEVICE(upsample_trilinear_add_forward, ctx, x, skip, y);
}
void upsample_trilinear_backward(const Context& ctx, const Tensor& dy, Tensor& dx, bool accumulate) {
  return REVUNET_ON_DEVICE(upsample_trilinear_backward, ctx, dy, dx, accumulate);
}

}  // namespace revunet

#include "kernels/upsample_trilinear/upsample_trilinear.h"

#include "kernels/add/add.h"

namespace revunet {

namespace {

void backward(const Context& ctx, const Tensor& dy, int slot, Gradients& gradients) {
  if (slot == Variable::kNoGradient) return;
  const auto [N, D, H, W, C] = activation(dy.shape());
  const auto [dx, accumulate] = gradients.target(ctx, slot, {N, D / 2, H / 2, W / 2, C}, dy.dtype());
  upsample_trilinear_backward(ctx, dy, dx, accumulate);
}

}  // namespace

Shape upsample_trilinear_shape(const Shape& x) {
  const auto [N, D, H, W, C] = activation(x);
  return {N, 2 * D, 2 * H, 2 * W, C};
}

Variable upsample_trilinear(const Context& ctx, Variable x) {
  Tensor y(ctx, upsample_trilinear_shape(x.value.shape()), x.value.dtype());
  upsample_trilinear_forward(ctx, x.value, y, Write::overwrite);

  if (!ctx.tape || !x.needs_gradient()) return Variable(std::move(y));
  Variable out = ctx.tape->track(std::move(y));
  ctx.tape->record({.name = "upsample_trilinear",
                    .inputs = {x.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [slot = x.slot](const Context& inner, std::vector<Tensor> dy, Gradients& gradients) {
                      backward(inner, dy[0], slot, gradients);
                    }});
  return out;
}

Variable upsample_trilinear_add(const Context& ctx, Variable low, Variable skip) {
  Tensor y = skip.value.unique() ? skip.value : Tensor(ctx, skip.value.shape(), skip.value.dtype());
  upsample_trilinear_add_forward(ctx, low.value, skip.value, y);
  skip.value = Tensor();

  if (!ctx.tape || !(low.needs_gradient() || skip.needs_gradient())) return Variable(std::move(y));
  Variable out = ctx.tape->track(std::move(y));
  ctx.tape->record({.name = "upsample_trilinear_add",
                    .inputs = {low.slot, skip.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [low = low.slot, skip = skip.slot](const Context& inner, std::vector<Tensor> dy,
                                                                   Gradients& gradients) {
                      backward(inner, dy[0], low, gradients);
                      add_gradient(inner, gradients, skip, std::move(dy[0]));
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

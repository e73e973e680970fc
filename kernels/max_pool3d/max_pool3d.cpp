#include "kernels/max_pool3d/max_pool3d.h"

namespace revunet {

namespace {

std::string nearest_even(int64_t extent) {
  if (extent % 2 == 0) return std::to_string(extent);
  return extent == 1 ? "2" : fmt::format("{} or {}", extent - 1, extent + 1);
}

}  // namespace

Shape max_pool3d_shape(const Shape& x) {
  const auto [N, D, H, W, C] = activation(x);
  REVUNET_EXPECTS(
      D % 2 == 0 && H % 2 == 0 && W % 2 == 0, UsageError,
      "[max_pool3d] expected even extents D, H and W in (N, D, H, W, C), got {}; crop or pad to the nearest "
      "even sizes: D {}, H {}, W {}",
      x.to_string(), nearest_even(D), nearest_even(H), nearest_even(W));
  return {N, D / 2, H / 2, W / 2, C};
}

Variable max_pool3d(const Context& ctx, Variable x) {
  Tensor y(ctx, TensorSpec{max_pool3d_shape(x.value.shape()), x.value.dtype(), Layout::activation});
  max_pool3d_forward(ctx, x.value, y);

  if (!ctx.tape || !x.needs_gradient()) return Variable(std::move(y));
  Variable out = ctx.tape->track(std::move(y));
  ctx.tape->record({.name = "max_pool3d",
                    .inputs = {x.slot},
                    .outputs = {out},
                    .parameters = {},
                    .backward = [x](const Context& inner, std::vector<Tensor> dy, Gradients& gradients) {
                      gradients.deliver(inner, x.slot, x.value.spec(), nullptr, [&](Tensor& dx, bool accumulate) {
                        max_pool3d_backward(inner, x.value, dy[0], dx, accumulate);
                      });
                    }});
  return out;
}

void max_pool3d_forward(const Context& ctx, const Tensor& x, Tensor& y) {
  return REVUNET_ON_DEVICE(max_pool3d_forward, ctx, x, y);
}
void max_pool3d_backward(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dx, bool accumulate) {
  return REVUNET_ON_DEVICE(max_pool3d_backward, ctx, x, dy, dx, accumulate);
}

}  // namespace revunet

#include "kernels/max_pool3d/max_pool3d.h"

namespace revunet {

namespace {

std::string nearest_even(int64_t extent) {
  if (extent % 2 == 0) return std::to_string(extent);
  return extent == 1 ? "2" : fmt::format("{} or {}", extent - 1, extent + 1);
}

void expect_even(const Shape& x, const HalvedAxes& axes) {
  constexpr std::array kNames = {"D", "H", "W"};
  std::vector<std::string> names, nearest;
  bool even = true;
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    const int64_t extent = x[static_cast<int>(axis) + 1];
    if (!axes[axis]) continue;
    even = even && extent % 2 == 0;
    names.emplace_back(kNames[axis]);
    nearest.push_back(fmt::format("{} {}", kNames[axis], nearest_even(extent)));
  }
  REVUNET_EXPECTS(!names.empty(), Error, "[max_pool3d] expected an axis to halve, got none");
  REVUNET_EXPECTS(even, UsageError,
                  "[max_pool3d] expected even extents {} in (N, D, H, W, C), got {}; crop or pad to the nearest even "
                  "sizes: {}",
                  fmt::join(names, ", "), x.to_string(), fmt::join(nearest, ", "));
}

}  // namespace

Shape max_pool3d_shape(const Shape& x, const HalvedAxes& axes) {
  const auto [N, D, H, W, C] = activation(x);
  expect_even(x, axes);
  const auto [d, h, w] = factors_of(axes);
  return {N, D / d, H / h, W / w, C};
}

Variable max_pool3d(const Context& ctx, Variable x, const HalvedAxes& axes) {
  Tensor y(ctx, TensorSpec{max_pool3d_shape(x.value.shape(), axes), x.value.dtype(), Layout::activation});
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

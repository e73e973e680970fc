#include "kernels/max_pool3d/max_pool3d.h"

#include <algorithm>
#include <iterator>

#include "kernels/op_case.h"

namespace revunet {

namespace {

OpCase max_pool3d_case(const std::string& name, const Shape& shape, bool benchmark = false,
                       const HalvedAxes& axes = kAllAxes) {
  const auto bytes = static_cast<double>(shape.elements() * size_of(DType::f32));
  const double coarse = 1.0 / static_cast<double>(factors_of(axes).voxels());  // share of the voxels
  return {.name = "max_pool3d: " + name,
          .inputs = {shape},
          .parameters = {},
          .run = [axes](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            return {max_pool3d(ctx, std::move(x[0]), axes)};
          },
          .tolerance_f32 = 6e-8,
          .tolerance_reason = "no arithmetic: the rounding of the inputs alone",
          .bytes_forward = bytes*(1 + coarse),
          .bytes_backward = bytes*(2 + coarse),
          .benchmark = benchmark};
}

// The second backward adds to the first one's gradient.
OpCase pooled_twice() {
  OpCase c = max_pool3d_case("an input pooled twice", {1, 4, 2, 6, 5});
  c.run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
    Variable first = max_pool3d(ctx, x[0]);
    return {first, max_pool3d(ctx, std::move(x[0]))};
  };
  c.tolerance_f32 = 1.2e-7;
  c.tolerance_reason = "the rounding of the inputs and of a sum of two gradients";
  return c;
}

// Odd extents lie along axes that are not halved.
std::vector<OpCase> pooled_along_some_axes() {
  return {max_pool3d_case("windows of 1x2x2, batch of 2", {2, 3, 4, 2, 3}, false, {false, true, true}),
          max_pool3d_case("windows of 2x1x2", {1, 4, 1, 6, 5}, false, {true, false, true}),
          max_pool3d_case("windows of 2x2x1, batch of 2", {2, 2, 4, 3, 9}, false, {true, true, false}),
          max_pool3d_case("windows of 1x1x2", {1, 3, 1, 4, 1}, false, {false, false, true}),
          max_pool3d_case("windows of 1x2x1", {1, 1, 6, 3, 4}, false, {false, true, false}),
          max_pool3d_case("windows of 2x1x1", {1, 2, 3, 5, 19}, false, {true, false, false})};
}

}  // namespace

std::vector<OpCase> max_pool3d_cases(const LevelSize& finest) {
  std::vector<OpCase> cases = {
      max_pool3d_case("one window, one channel", {1, 2, 2, 2, 1}),
      max_pool3d_case("unequal sizes, batch of 2", {2, 4, 2, 6, 3}),
      max_pool3d_case("a full vector of channels and a tail", {1, 2, 4, 2, 19}),
      pooled_twice(),
      max_pool3d_case("30 channels at " + finest.name(), finest.shape(30), true),
      max_pool3d_case("60 channels at " + finest.coarser(1).name(), finest.coarser(1).shape(60), true)};
  std::ranges::move(pooled_along_some_axes(), std::back_inserter(cases));
  return cases;
}

}  // namespace revunet

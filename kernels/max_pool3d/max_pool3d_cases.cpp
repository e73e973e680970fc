#include "kernels/max_pool3d/max_pool3d.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

OpCase max_pool3d_case(const std::string& name, const Shape& shape, bool benchmark = false) {
  const auto bytes = static_cast<double>(shape.elements() * size_of(DType::f32));
  return {.name = "max_pool3d: " + name,
          .inputs = {shape},
          .parameters = {},
          .run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            return {max_pool3d(ctx, std::move(x[0]))};
          },
          .tolerance_f32 = 6e-8,
          .tolerance_reason = "no arithmetic: the rounding of the inputs alone",
          .bytes_forward = bytes * 9 / 8,
          .bytes_backward = bytes * 17 / 8,
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

}  // namespace

std::vector<OpCase> max_pool3d_cases(const LevelSize& finest) {
  return {max_pool3d_case("one window, one channel", {1, 2, 2, 2, 1}),
          max_pool3d_case("unequal sizes, batch of 2", {2, 4, 2, 6, 3}),
          max_pool3d_case("a full vector of channels and a tail", {1, 2, 4, 2, 19}),
          pooled_twice(),
          max_pool3d_case("30 channels at " + finest.name(), finest.shape(30), true),
          max_pool3d_case("60 channels at " + finest.coarser(1).name(), finest.coarser(1).shape(60), true)};
}

}  // namespace revunet

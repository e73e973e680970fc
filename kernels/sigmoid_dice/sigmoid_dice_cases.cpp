#include "kernels/op_case.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet {

namespace {

// Makes a target of 0 and 1 whose period differs from the layout's: it is 1 where 5 i mod 7 < 3. The last region is
// empty where asked.
Tensor pattern_target(const Context& ctx, const TensorSpec& spec, bool last_region_empty) {
  const Shape& shape = spec.shape;
  const int64_t R = activation(shape).C;
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  for (int64_t i = 0; i < shape.elements(); ++i) {
    const bool empty = last_region_empty && i % R == R - 1;
    values[static_cast<size_t>(i)] = !empty && 5 * i % 7 < 3 ? 1.0f : 0.0f;
  }
  return from_host(ctx, spec, values);
}

OpCase sigmoid_dice_case(const std::string& name, const Shape& shape, bool last_region_empty = false,
                         bool benchmark = false, double cross_entropy = 0) {
  const auto bytes = static_cast<double>(shape.elements() * size_of(DType::f32));
  return {.name = "sigmoid_dice: " + name,
          .inputs = {shape},
          .parameters = {},
          .run = [=](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            Tensor target = pattern_target(ctx, x[0].value.spec(), last_region_empty);
            return {sigmoid_dice(ctx, std::move(x[0]), std::move(target), cross_entropy)};
          },
          .tolerance_f32 = 8e-7,
          .tolerance_reason =
              "sums in double of sigmoids in f32, then five products in backward, where the two terms "
              "of dloss/dp may cancel to about half",
          .bytes_forward = 2 * bytes,
          .bytes_backward = 3 * bytes,
          .benchmark = benchmark};
}

// This case has logits that others keep, and a gradient that has begun when the second backward runs.
OpCase sigmoid_dice_used_twice() {
  const Shape shape{1, 3, 2, 2, 3};
  OpCase c = sigmoid_dice_case("logits used twice", shape);
  c.run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
    const Tensor target = pattern_target(ctx, x[0].value.spec(), false);
    return {sigmoid_dice(ctx, x[0], target), sigmoid_dice(ctx, x[0], target)};
  };
  return c;
}

}  // namespace

std::vector<OpCase> sigmoid_dice_cases(const LevelSize& finest) {
  return {sigmoid_dice_case("one voxel, one region", {1, 1, 1, 1, 1}),
          sigmoid_dice_case("odd sizes, batch of 2, one region empty", {2, 3, 5, 7, 3}, true),
          sigmoid_dice_case("several chunks", {1, 24, 25, 27, 3}),
          sigmoid_dice_used_twice(),
          sigmoid_dice_case("with cross entropy, odd sizes, batch of 2", {2, 3, 5, 7, 3}, true, false, 1),
          sigmoid_dice_case("with half the cross entropy, several chunks", {1, 24, 25, 27, 3}, false, false, 0.5),
          sigmoid_dice_case("3 regions at " + finest.name(), finest.shape(3), false, true)};
}

}  // namespace revunet

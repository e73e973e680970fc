#include "kernels/label_pattern.h"
#include "kernels/op_case.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"

namespace revunet {

namespace {

struct DiceCase {
  bool last_region_empty = false;
  double cross_entropy = 0;
  std::optional<uint8_t> ignored = {};
  bool benchmark = false;
};

OpCase sigmoid_dice_case(const std::string& name, const Shape& shape, const DiceCase& d = {}) {
  const auto [N, D, H, W, R] = activation(shape);
  const auto labels = static_cast<double>(N * D * H * W);  // bytes
  const double logits = labels * static_cast<double>(R * size_of(DType::f32));
  LabelTable table = overlapping_regions(R);
  table.ignored = d.ignored;
  if (d.last_region_empty) {
    for (uint32_t& mask : table.of_label) mask &= (uint32_t{1} << (R - 1)) - 1;
  }
  return {.name = "sigmoid_dice: " + name,
          .inputs = {shape},
          .parameters = {},
          .run = [=](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            return {sigmoid_dice(ctx, std::move(x[0]), pattern_labels(ctx, shape), table, d.cross_entropy)};
          },
          .tolerance_f32 = 8e-7,
          .tolerance_reason =
              "sums in double of sigmoids in f32, then five products in backward, where the two terms "
              "of dloss/dp may cancel to about half",
          .bytes_forward = logits + labels,
          .bytes_backward = 2 * logits + labels,
          .benchmark = d.benchmark};
}

// This case has logits that others keep, and a gradient that has begun when the second backward runs.
OpCase sigmoid_dice_used_twice() {
  const Shape shape{1, 3, 2, 2, 3};
  OpCase c = sigmoid_dice_case("logits used twice", shape);
  c.tolerance_bf16 = 2.0 / 256;
  c.tolerance_reason += "; in bf16 the first gradient is rounded before the second is added";
  c.run = [=](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
    const Tensor labels = pattern_labels(ctx, shape);
    LabelTable ignoring = overlapping_regions(3);
    ignoring.ignored = 2;
    return {sigmoid_dice(ctx, x[0], labels, overlapping_regions(3)), sigmoid_dice(ctx, x[0], labels, ignoring, 1)};
  };
  return c;
}

}  // namespace

std::vector<OpCase> sigmoid_dice_cases(const LevelSize& finest) {
  return {sigmoid_dice_case("one voxel, one region", {1, 1, 1, 1, 1}),
          sigmoid_dice_case("odd sizes, batch of 2, one region empty", {2, 3, 5, 7, 3}, {.last_region_empty = true}),
          sigmoid_dice_case("several chunks", {1, 24, 25, 27, 3}),
          sigmoid_dice_used_twice(),
          sigmoid_dice_case("with cross entropy, odd sizes, batch of 2", {2, 3, 5, 7, 3},
                            {.last_region_empty = true, .cross_entropy = 1}),
          sigmoid_dice_case("with half the cross entropy, several chunks", {1, 24, 25, 27, 3}, {.cross_entropy = 0.5}),
          sigmoid_dice_case("an ignored label", {2, 3, 5, 7, 3}, {.ignored = 4}),
          sigmoid_dice_case("9 regions, an ignored label, with cross entropy", {1, 5, 7, 9, 9},
                            {.cross_entropy = 2, .ignored = 0}),
          sigmoid_dice_case("32 regions, several chunks, with cross entropy", {1, 9, 17, 13, 32}, {.cross_entropy = 1}),
          sigmoid_dice_case("3 regions at " + finest.name(), finest.shape(3), {.benchmark = true}),
          sigmoid_dice_case("32 regions at " + finest.name(), finest.shape(32), {.benchmark = true})};
}

}  // namespace revunet

#include "kernels/label_pattern.h"
#include "kernels/op_case.h"
#include "kernels/softmax_dice/softmax_dice.h"

namespace revunet {

namespace {

struct SoftmaxCase {
  double cross_entropy = 1;
  std::optional<uint8_t> ignored = {};
  bool benchmark = false;
};

// From 8 classes on, some have no voxel.
OpCase softmax_dice_case(const std::string& name, const Shape& shape, const SoftmaxCase& s = {}) {
  const auto [N, D, H, W, C] = activation(shape);
  const auto labels = static_cast<double>(N * D * H * W);  // bytes
  const double logits = labels * static_cast<double>(C * size_of(DType::f32));
  LabelTable table = table_of_classes(C);
  table.ignored = s.ignored;
  return {.name = "softmax_dice: " + name,
          .inputs = {shape},
          .parameters = {},
          .run = [=](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            return {softmax_dice(ctx, std::move(x[0]), pattern_labels(ctx, shape), table, s.cross_entropy)};
          },
          .tolerance_f32 = 1e-6,
          .tolerance_reason =
              "sums in double of probabilities in f32, whose own sum is rounded, then the gradient less its mean in "
              "backward, where terms may cancel to about half",
          .bytes_forward = logits + labels,
          .bytes_backward = 2 * logits + labels,
          .benchmark = s.benchmark};
}

// This case has logits that others keep, and a gradient that has begun when the second backward runs.
OpCase softmax_dice_used_twice() {
  const Shape shape{1, 3, 2, 2, 5};
  OpCase c = softmax_dice_case("logits used twice", shape);
  c.tolerance_bf16 = 2.0 / 256;
  c.tolerance_reason += "; in bf16 the first gradient is rounded before the second is added";
  c.run = [=](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
    const Tensor labels = pattern_labels(ctx, shape);
    LabelTable ignoring = table_of_classes(5);
    ignoring.ignored = 2;
    return {softmax_dice(ctx, x[0], labels, table_of_classes(5), 1), softmax_dice(ctx, x[0], labels, ignoring, 0.5)};
  };
  return c;
}

}  // namespace

std::vector<OpCase> softmax_dice_cases(const LevelSize& finest) {
  return {softmax_dice_case("one voxel, two classes", {1, 1, 1, 1, 2}),
          softmax_dice_case("three classes, odd sizes, batch of 2", {2, 3, 5, 7, 3}),
          softmax_dice_case("four classes, several chunks", {1, 24, 25, 27, 4}),
          softmax_dice_used_twice(),
          softmax_dice_case("without cross entropy", {2, 3, 5, 7, 4}, {.cross_entropy = 0}),
          softmax_dice_case("an ignored label", {2, 3, 5, 7, 4}, {.ignored = 3}),
          softmax_dice_case("9 classes, an ignored label", {1, 5, 7, 9, 9}, {.cross_entropy = 2, .ignored = 0}),
          softmax_dice_case("32 classes, several chunks", {1, 9, 17, 13, 32}),
          softmax_dice_case("4 classes at " + finest.name(), finest.shape(4), {.benchmark = true}),
          softmax_dice_case("32 classes at " + finest.name(), finest.shape(32), {.benchmark = true})};
}

}  // namespace revunet

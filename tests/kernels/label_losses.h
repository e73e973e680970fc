// Checks on any device losses of labels: of logits that are large or infinite, and in the padding of their gradient.
#pragma once

#include "kernels/label_pattern.h"
#include "tests/kernels/ignored_voxels.h"
#include "tests/kernels/padding.h"

namespace revunet::test {

// Of 9 classes, the last is in the last of several packs. bf16 holds all logits here exactly.
inline void check_large_logits(Device& device, DType dtype) {
  INFO(name_of(dtype));
  const LabelTable table = table_of_classes(9);
  // All is certain: right at the first voxel, and class 8 in place of 1 at the second. Exponentials of the logits
  // themselves would overflow.
  std::vector<double> logits(18);
  logits[0] = 1000, logits[9 + 8] = 4992;
  const HostTensors certain = losses_of(device, dtype, softmax_dice_with(1), logits, {0, 1}, table);
  // The cross entropy is the mean of 0 and 4992. Class 1 is there and not predicted, and class 8 the other way round.
  CHECK(certain[0] == std::vector<double>{2496, 0.5, 0, 0, 0, 0, 0, 0, 0.5});
  std::vector<double> gradient(18);
  gradient[9 + 1] = -0.5, gradient[9 + 8] = 0.5;
  CHECK(certain[1] == gradient);

  // The only class that is possible is in the last pack, and right.
  std::vector<double> last(9, -std::numeric_limits<double>::infinity());
  last[8] = -3;
  const HostTensors possible = losses_of(device, dtype, softmax_dice_with(1), last, {8}, table);
  CHECK(possible[0] == std::vector<double>(9, 0));
  CHECK(possible[1] == std::vector<double>(9, 0));
}

// A LossKernels has a loss's kernels, whose sums are (rows, R).
struct LossKernels {
  decltype(&softmax_dice_forward) forward;
  decltype(&softmax_dice_backward) backward;
  int64_t rows;
};
inline const LossKernels kSigmoidDice = {sigmoid_dice_forward, sigmoid_dice_backward, 5};
inline const LossKernels kSoftmaxDice = {softmax_dice_forward, softmax_dice_backward, 4};

// Checks that backward sets a gradient's padding to zero, whatever was there, and adds nothing to it. The last
// of several packs has padding.
inline void check_padding_of_gradient(Device& device, DType dtype, const LossKernels& loss) {
  INFO(name_of(dtype) << ", " << loss.rows << " sums");
  const Context ctx{device};
  const Shape shape{2, 3, 5, 7, 9};
  const TensorSpec spec{shape, dtype, Layout::activation};
  const Tensor z = from_host(ctx, spec, rounded(normal_values(shape.elements(), 3)));
  const Tensor labels = pattern_labels(ctx, shape), dlosses = from_host(ctx, {9}, DType::f32, std::vector(9, 1.0));
  Tensor losses(ctx, {9}, DType::f32), sums(ctx, {loss.rows, 9}, DType::f64), dz(ctx, spec);
  loss.forward(ctx, z, labels, table_of_classes(9), 0.5, losses, sums);
  const std::vector<char> garbage(dz.stored_bytes(), 0x3f);
  device.memory().copy_in(dz.address(), garbage.data(), garbage.size());
  for (const bool accumulate : {false, true}) {
    loss.backward(ctx, z, labels, table_of_classes(9), 0.5, sums, dlosses, dz, accumulate);
    check_padding(dz, ctx);
  }
}

}  // namespace revunet::test

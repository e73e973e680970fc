// This is the soft Dice loss of every region, straight from logits z and labels, on demand with binary cross entropy:
//
//   loss[r] = 1 - (2 sum(p t) + s) / (sum(p) + sum(t) + s) + w mean(max(z, 0) - z t + log(1 + exp(-|z|))),
//
// p = sigmoid(z), t is 1 where a voxel's label lies in region r and otherwise 0, s = kDiceSmoothing, and
// w = cross_entropy, which is 0 for Dice alone. Sums and the mean are over those voxels of N, D, H and W that the table
// does not ignore. The gradient is 0 at the others, and where no voxel is left, all losses are 0.
//
// z is (N, D, H, W, R), labels are (N, D, H, W, 1), u8 and dense, and loss is (R), for 1 to 32 regions. The training
// loss is the sum over regions: seed backward with ones. Backward keeps z, the labels and the sums of each region. It
// computes p again, and leaves dz in z's memory where nobody shares it. The sums are in double, in a fixed order, so
// they have the same bits at any number of threads. Throws Error where z, labels and table do not fit (check_labels).
// Source: Milletari, Navab and Ahmadi (2016), without their squares; smoothing as in the paper's implementation; cross
// entropy in the form of torch.nn.BCEWithLogitsLoss.
#pragma once

#include "engine/on_device.h"
#include "engine/tape.h"
#include "kernels/label_table.h"

namespace revunet {

Variable sigmoid_dice(const Context& ctx, Variable logits, Tensor labels, const LabelTable& table,
                      double cross_entropy = 0);  // (R)

// sums is f64 whatever the logits' type. It is (3, R): sum(p t), sum(p), sum(t). With cross entropy it is (5, R), and
// the last rows are the entropy's sum and the number of voxels that count.
void sigmoid_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                          double cross_entropy, Tensor& losses, Tensor& sums);
// dlosses is (R). dlogits may be logits. With accumulate, adds to dlogits instead.
void sigmoid_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                           double cross_entropy, const Tensor& sums, const Tensor& dlosses, Tensor& dlogits,
                           bool accumulate);

REVUNET_KERNEL(sigmoid_dice_forward)
REVUNET_KERNEL(sigmoid_dice_backward)

}  // namespace revunet

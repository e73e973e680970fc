// This is the loss of exclusive classes: cross entropy of all of them, and the soft Dice loss of each but the
// background, class 0, straight from logits z and labels:
//
//   loss[0] = w mean(-log p[class of the voxel])
//   loss[c] = 1 - (2 sum(p[c] t[c]) + s) / (sum(p[c]) + sum(t[c]) + s) for c >= 1,
//
// p = softmax(z) over the classes, t[c] is 1 where a voxel's label is of class c and otherwise 0, s = kDiceSmoothing,
// and w = cross_entropy, which is 0 for Dice alone. Sums and the mean are over those voxels of N, D, H and W that the
// table does not ignore. The gradient is 0 at the others, and where no voxel is left, all losses are 0.
//
// z is (N, D, H, W, C), labels are (N, D, H, W, 1), u8 and dense, and loss is (C), for 2 to 32 classes. The training
// loss is the sum of all entries: seed backward with ones. Backward keeps z, the labels and the sums of each class. It
// computes p again, and leaves dz in z's memory where nobody shares it. The sums are in double, in a fixed order, so
// they have the same bits at any number of threads. Exponentials are of differences from the largest logit, so nothing
// overflows. Throws Error where z, labels and table do not fit (check_labels), for one class, and where a label
// that is not ignored has no class or several.
// Source: Isensee et al. (2021, nnU-Net), who add both losses and leave the background out of Dice. They take Dice's
// mean over the C - 1 other classes, where here it is the sum: a cross_entropy of C - 1 is their ratio. Smoothing as in
// sigmoid_dice; cross entropy as torch.nn.CrossEntropyLoss with ignore_index.
#pragma once

#include "engine/on_device.h"
#include "engine/tape.h"
#include "kernels/label_table.h"

namespace revunet {

Variable softmax_dice(const Context& ctx, Variable logits, Tensor labels, const LabelTable& table,
                      double cross_entropy);  // (C)

// sums is (4, C), f64 whatever the logits' type: sum(p t), sum(p), sum(t), and the sum of -log p over the class's
// voxels.
void softmax_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                          double cross_entropy, Tensor& losses, Tensor& sums);
// dlosses is (C). dlogits may be logits. With accumulate, adds to dlogits instead.
void softmax_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& labels, const LabelTable& table,
                           double cross_entropy, const Tensor& sums, const Tensor& dlosses, Tensor& dlogits,
                           bool accumulate);

REVUNET_KERNEL(softmax_dice_forward)
REVUNET_KERNEL(softmax_dice_backward)

}  // namespace revunet

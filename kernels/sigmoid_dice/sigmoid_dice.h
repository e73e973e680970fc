// This is the soft Dice loss of every region, straight from logits z and a target t, on demand with binary cross
// entropy:
//
//   loss[r] = 1 - (2 sum(p t) + s) / (sum(p) + sum(t) + s) + w mean(max(z, 0) - z t + log(1 + exp(-|z|))),
//
// p = sigmoid(z), s = kDiceSmoothing, and w = cross_entropy, which is 0 for Dice alone. Sums are over N, D, H and W. z
// and t are (N, D, H, W, R), and t holds 0 and 1 in z's type; loss is (R). The training loss is the sum over regions:
// seed backward with ones. Backward keeps z, t and the sums of each region. It computes p again, and leaves dz in z's
// memory where nobody shares it. The sums are in double, in a fixed order, so they have the same bits at any number of
// threads. Throws Error where z and t differ in shape, type or layout.
// Source: Milletari, Navab and Ahmadi (2016), without their squares; smoothing as in the paper's implementation; cross
// entropy in the form of torch.nn.BCEWithLogitsLoss.
#pragma once

#include "engine/on_device.h"
#include "engine/tape.h"

namespace revunet {

// So many voxels are added to numerator and denominator. A region that is absent, and predicted absent, then has loss
// 0, not 0 / 0.
inline constexpr double kDiceSmoothing = 1.0;

Variable sigmoid_dice(const Context& ctx, Variable logits, Tensor target, double cross_entropy = 0);  // (R)

// sums is f64 whatever the logits' type. It is (3, R): sum(p t), sum(p), sum(t). With cross entropy it is (4, R), and
// the last row is the entropy's sum.
void sigmoid_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& target, double cross_entropy,
                          Tensor& losses, Tensor& sums);
// dlosses is (R). dlogits may be logits. With accumulate, adds to dlogits instead.
void sigmoid_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& target, double cross_entropy,
                           const Tensor& sums, const Tensor& dlosses, Tensor& dlogits, bool accumulate);

REVUNET_KERNEL(sigmoid_dice_forward)
REVUNET_KERNEL(sigmoid_dice_backward)

}  // namespace revunet

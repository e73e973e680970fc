// Soft Dice loss of every region, straight from logits z and a target t, on demand with the binary cross entropy:
//
//   loss[r] = 1 - (2 sum(p t) + s) / (sum(p) + sum(t) + s) + w mean(max(z, 0) - z t + log(1 + exp(-|z|))),
//
// p = sigmoid(z), s = kDiceSmoothing, w = cross_entropy, 0 for Dice alone;
// with sums over N, D, H and W. z and t (N, D, H, W, R), t holding 0 and 1 in z's type; loss (R). The training loss is
// the sum over regions: seed backward with ones.
// Backward keeps z, t and the sums of each region. It computes p again, and leaves dz in z's memory where nobody shares
// it. The sums are in double, in a fixed order: same bits at any number of threads. Errors: Error where z and t differ
// in shape, type or layout. Source: Milletari, Navab and Ahmadi (2016), without their squares; smoothing as in the
// paper's implementation; cross entropy in the form of torch.nn.BCEWithLogitsLoss.
#pragma once

#include "engine/on_device.h"
#include "engine/tape.h"

namespace revunet {

// Voxels added to numerator and denominator: a region that is absent, and predicted absent, has loss 0, not 0 / 0.
inline constexpr double kDiceSmoothing = 1.0;

Variable sigmoid_dice(const Context& ctx, Variable logits, Tensor target, double cross_entropy = 0);  // (R)

// sums, f64 whatever the logits' type: (3, R) of sum(p t), sum(p), sum(t), and with cross entropy (4, R) with its sum.
void sigmoid_dice_forward(const Context& ctx, const Tensor& logits, const Tensor& target, double cross_entropy,
                          Tensor& losses, Tensor& sums);
// dlosses (R). dlogits may be logits; with accumulate, dlogits += instead.
void sigmoid_dice_backward(const Context& ctx, const Tensor& logits, const Tensor& target, double cross_entropy,
                           const Tensor& sums, const Tensor& dlosses, Tensor& dlogits, bool accumulate);

REVUNET_KERNEL(sigmoid_dice_forward)
REVUNET_KERNEL(sigmoid_dice_backward)

}  // namespace revunet

// These are the formulas of the soft Dice loss, for losses on the host and on devices.
//
// With a = 2 sum(p t) + s and b = sum(p) + sum(t) + s, Dice's loss is 1 - a / b, so dloss/dp = a / b^2 - (2 / b) t.
#pragma once

#include "engine/host_device.h"

namespace revunet {

// So many voxels are added to numerator and denominator. A region that is absent, and predicted absent, then has loss
// 0, not 0 / 0.
inline constexpr double kDiceSmoothing = 1.0;

// Returns a / b.
REVUNET_HOST_DEVICE inline double soft_dice(double both, double predicted, double present) {
  return (2 * both + kDiceSmoothing) / (predicted + present + kDiceSmoothing);
}

// The gradient of the loss, times dloss, by p is constant + of_target t.
struct DiceGradient {
  double constant, of_target;
};
REVUNET_HOST_DEVICE inline DiceGradient dice_gradient(double both, double predicted, double present, double dloss) {
  const double a = 2 * both + kDiceSmoothing, b = predicted + present + kDiceSmoothing;
  return {dloss * a / (b * b), dloss * -2 / b};
}

// Returns the share of each counted voxel in a mean with this weight. It is 0 where no voxel counts.
REVUNET_HOST_DEVICE inline double share_of_voxel(double weight, double counted) {
  return counted > 0 ? weight / counted : 0;
}

}  // namespace revunet

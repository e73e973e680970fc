// This op keeps exponential moving averages of weights: average += share (x - average).
#pragma once

#include "engine/on_device.h"
#include "engine/tensor.h"

namespace revunet {

// x and average have one shape and type, f32 or f64. Throws UsageError unless share is in [0, 1].
void moving_average(const Context& ctx, const Tensor& x, double share, Tensor& average);

REVUNET_KERNEL(moving_average)

}  // namespace revunet

// These functions handle a convolution's bias in the part of its output that one tensor holds: channels [first, first +
// C).
#pragma once

#include "engine/context.h"
#include "engine/tensor.h"

namespace revunet::cuda {

// Sets y (N, D, H, W, C) = bias[first, first + C) in every voxel.
void fill_with_bias(const Context& ctx, const Tensor& bias, int64_t first, Tensor& y);
// Adds to dbias[first, first + C) the sum of dy (N, D, H, W, C) over its voxels.
void add_bias_gradient(const Context& ctx, const Tensor& dy, int64_t first, Tensor& dbias);

}  // namespace revunet::cuda

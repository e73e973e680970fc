// Weights between how parameters hold them, f32 (O, k, k, k, I), and how the libraries want a block of them: its output
// and input channels padded with zeros to whole packs, in the activations' type.
#pragma once

#include "engine/context.h"
#include "engine/tensor.h"
#include "kernels/conv3d/weight_blocks.h"

namespace revunet::cuda {

// to (padded_O, k, k, k, padded_I), f32 or bf16.
void pack_weights(const Context& ctx, const Tensor& weight, const WeightBlock& block, Tensor& to);
// dweight's block += from (padded_O, k, k, k, padded_I), f32 or bf16.
void add_packed_weights(const Context& ctx, const Tensor& from, const WeightBlock& block, Tensor& dweight);

// y (N, D, H, W, C) = bias[first, first + C) in every voxel.
void fill_with_bias(const Context& ctx, const Tensor& bias, int64_t first, Tensor& y);
// dbias[first, first + C) += the sum of dy (N, D, H, W, C) over its voxels.
void add_bias_gradient(const Context& ctx, const Tensor& dy, int64_t first, Tensor& dbias);

}  // namespace revunet::cuda

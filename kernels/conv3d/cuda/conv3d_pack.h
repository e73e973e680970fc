// Weights between how parameters hold them, f32 (O, k, k, k, I), and how the libraries want a block of them: its output
// and input channels padded with zeros to whole packs, in the activations' type.
#pragma once

#include "engine/context.h"
#include "engine/tensor.h"
#include "kernels/conv3d/cpu/weight_blocks.h"

namespace revunet::cuda {

// to (padded_O, k, k, k, padded_I), f32 or bf16.
void pack_weights(const Context& ctx, const Tensor& weight, const WeightBlock& block, Tensor& to);
// dweight's block += from (padded_O, k, k, k, padded_I), f32 or bf16.
void add_packed_weights(const Context& ctx, const Tensor& from, const WeightBlock& block, Tensor& dweight);

}  // namespace revunet::cuda

// These functions convert between weights as parameters hold them, f32 (O, k, k, k, I), and a block of them as the
// libraries need it: in the activations' type, with its output and input channels padded with zeros to whole packs.
#pragma once

#include "engine/context.h"
#include "engine/tensor.h"
#include "kernels/conv3d/cpu/weight_blocks.h"

namespace revunet::cuda {

// `to` is (padded_O, k, k, k, padded_I), f32 or bf16.
void pack_weights(const Context& ctx, const Tensor& weight, const WeightBlock& block, Tensor& to);
// Adds `from` (padded_O, k, k, k, padded_I), f32 or bf16, to dweight's block.
void add_packed_weights(const Context& ctx, const Tensor& from, const WeightBlock& block, Tensor& dweight);

}  // namespace revunet::cuda

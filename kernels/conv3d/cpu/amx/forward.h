// This is convolution on AMX, for one input part and one output part: f32, whose products are sums of six products of
// bf16 (vectors.h), and bf16.
//
// A thread walks through blocks of rows, plane after plane. It packs the rows of three planes with margins of zeros, so
// that a tap is a constant distance between the positions of the input and those of the result. Each result is the sum
// over the kernel's planes, chunks of 32 channels, and the other taps, in this order. So it has the same bits at any
// number of threads.
#pragma once

#include "kernels/conv3d/cpu/amx/input_rows.h"
#include "kernels/conv3d/cpu/weight_blocks.h"

namespace revunet::amx {

// x and weight are multiplied as `operands` (f32 or bf16). y, f32 or bf16, is (N, D, H, W, O), or with the transposed
// convolution (N, D, H, W, I). bias (may be nullptr) is that of the block's first channel on.
void convolve(const Context& ctx, const InputRows& x, DType operands, const Tensor& weight, const WeightBlock& block,
              bool transposed, const float* bias, Tensor& y, Write mode);

}  // namespace revunet::amx

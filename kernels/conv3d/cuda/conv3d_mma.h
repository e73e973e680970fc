// These are our own 3x3x3 convolutions on tensor cores, for tensors of at most 32 channels with padding, where a tile
// of x that lies in shared memory serves all 27 taps.
//
// Rule: products are of bf16, or of f32 rounded to TF32; sums are f32. The order of additions follows from the shape
// (and from `ranges`) alone. Devices before sm_80 cannot run them (mma_runs_here).
#pragma once

#include "engine/context.h"
#include "kernels/conv3d/cuda/conv3d_problem.h"

namespace revunet::cuda {

inline constexpr int64_t kMmaChannels = 32;

// Returns whether the build's kernels can run on the current device.
bool mma_runs_here();

// Returns the bytes that mma_convolve takes: the weights, in the order in which blocks read them.
size_t mma_convolve_workspace(const ConvolutionProblem& problem);
// Computes forward or backward_data. k is 3, and I and O are at most kMmaChannels.
void mma_convolve(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers);

}  // namespace revunet::cuda

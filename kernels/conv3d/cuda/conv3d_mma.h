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

// Returns the number of tiles of 8 x 8 x 8 voxels.
int64_t mma_tiles(const ConvolutionProblem& problem);

// Returns the bytes that mma_convolve takes: the weights, in the order in which blocks read them.
size_t mma_convolve_workspace(const ConvolutionProblem& problem);
// Computes forward or backward_data. k is 3, and I and O are at most kMmaChannels. Where `normed` is given, which
// forward alone takes, its x is normalised as it is loaded, and buffers.x is not read. Voxels outside of the volume are
// zero all the same. That takes mma_norm_workspace more.
void mma_convolve(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers,
                  const NormedActivation* normed = nullptr);

// Returns the bytes that normalising x takes in addition: what it has for each channel of each batch element.
size_t mma_norm_workspace(const ConvolutionProblem& problem);

// Returns the number of ranges of voxels whose sums mma_backward_weight keeps apart, within so many bytes of workspace.
// It is 0 where they hold not even one.
int64_t mma_weight_ranges(const ConvolutionProblem& problem, size_t workspace);
// Returns the bytes that it takes: the sums of each range.
size_t mma_weight_workspace(const ConvolutionProblem& problem, int64_t ranges);
// Computes backward_weight, as above, also with `normed`; alpha is 1 and beta 0. The ranges' sums are added in double.
void mma_backward_weight(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers,
                         int64_t ranges, const NormedActivation* normed = nullptr);

}  // namespace revunet::cuda

// This file offers our own convolutions (conv3d_mma.h) as one algorithm among cuDNN's.
#pragma once

#include "kernels/conv3d/cuda/conv3d_algorithm.h"

namespace revunet::cuda {

inline constexpr const char* kMmaName = "own mma";

// Returns nothing where our own kernels cannot compute the problem within the limits on the current device, or where
// there is no use in trying: where the larger of I and O is not 32, and in volumes of fewer than 32 tiles.
AlgorithmPointer mma_algorithm(const ConvolutionProblem& problem, const AlgorithmLimits& limits);

}  // namespace revunet::cuda

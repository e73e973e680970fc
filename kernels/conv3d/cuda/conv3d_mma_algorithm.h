// This file offers our own convolutions (conv3d_mma.h) as one algorithm among cuDNN's.
#pragma once

#include <string_view>
#include <vector>

#include "kernels/conv3d/cuda/conv3d_algorithm.h"

namespace revunet::cuda {

inline constexpr std::string_view kMmaName = "own mma";
inline constexpr std::string_view kNormalisingMmaName = "own mma that normalises";
inline bool is_own(std::string_view algorithm) {
  return algorithm.starts_with(kMmaName);
}

// Where the problem's x is a norm, returns an algorithm that applies the norm too, and one that reads x's values.
// Returns nothing where our own kernels cannot compute the problem within the limits on the current device, or where
// there is no use in trying: where the larger of I and O is not 32, and in volumes of fewer than 32 tiles.
std::vector<AlgorithmPointer> mma_algorithms(const ConvolutionProblem& problem, const AlgorithmLimits& limits);

}  // namespace revunet::cuda

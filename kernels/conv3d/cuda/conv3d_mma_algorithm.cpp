#include "kernels/conv3d/cuda/conv3d_mma_algorithm.h"

#include <algorithm>

#include "engine/cuda/library_memory.h"
#include "kernels/conv3d/cuda/conv3d_mma.h"

namespace revunet::cuda {

namespace {

// With fewer tiles most of a device is idle, and the convolution takes little time with any algorithm.
constexpr int64_t kFewestTiles = 32;

class MmaAlgorithm final : public ConvolutionAlgorithm {
 public:
  MmaAlgorithm(const ConvolutionProblem& problem, bool normalises, int64_t ranges, size_t workspace)
      : ConvolutionAlgorithm({.library = "this program",
                              .name = std::string(normalises ? kNormalisingMmaName : kMmaName),
                              .workspace = workspace,
                              .tensor_cores = true,
                              .deterministic = true,
                              .normalises = normalises}),
        problem_(problem),
        ranges_(ranges) {}

  RunStatus try_run(const Context& ctx, const ConvolutionBuffers& buffers) const override {
    try {
      run(ctx, buffers);
    } catch (const OutOfMemoryError&) {
      throw;
    } catch (const Error& error) {
      return {error.what(), is_full()};  // The device may have no room to load a kernel.
    }
    return {};
  }
  void run(const Context& ctx, const ConvolutionBuffers& buffers) const override {
    const NormedActivation* const normed = normalises() ? buffers.normed : nullptr;
    if (problem_.direction == Direction::backward_weight) {
      return mma_backward_weight(ctx, problem_, buffers, ranges_, normed);
    }
    mma_convolve(ctx, problem_, buffers, normed);
  }

 private:
  ConvolutionProblem problem_;
  int64_t ranges_;  // for backward_weight
};

bool is_worth_trying(const ConvolutionProblem& p) {
  return p.k == 3 && std::max(p.I, p.O) == kMmaChannels && mma_tiles(p) >= kFewestTiles;
}

// Returns nothing where it does not fit within the limits.
AlgorithmPointer algorithm(const ConvolutionProblem& p, const AlgorithmLimits& limits, bool normalises) {
  const size_t norm_bytes = normalises ? mma_norm_workspace(p) : 0;
  if (norm_bytes > limits.workspace) return nullptr;
  int64_t ranges = 0;
  size_t workspace = 0;
  if (p.direction == Direction::backward_weight) {
    ranges = mma_weight_ranges(p, limits.workspace - norm_bytes);
    if (ranges == 0 || p.alpha != 1 || p.beta != 0 || p.result != p.operands) return nullptr;
    workspace = mma_weight_workspace(p, ranges);
  } else {
    workspace = mma_convolve_workspace(p);
  }
  if (workspace + norm_bytes > limits.workspace) return nullptr;
  return std::make_unique<MmaAlgorithm>(p, normalises, ranges, workspace + norm_bytes);
}

}  // namespace

std::vector<AlgorithmPointer> mma_algorithms(const ConvolutionProblem& p, const AlgorithmLimits& limits) {
  if (!is_worth_trying(p) || !mma_runs_here()) return {};
  if (limits.arithmetic.strict_fp32 && p.operands == DType::f32) return {};
  std::vector<AlgorithmPointer> algorithms;
  for (const bool normalises : {true, false}) {
    if (normalises && !p.normed_from) continue;
    if (AlgorithmPointer found = algorithm(p, limits, normalises)) algorithms.push_back(std::move(found));
  }
  return algorithms;
}

}  // namespace revunet::cuda

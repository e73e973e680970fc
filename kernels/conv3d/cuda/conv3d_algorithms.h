// This file chooses the cuDNN algorithm that runs a convolution: the fastest within the limits. It chooses once per
// shape and device.
//
// Rule: an algorithm is timed on the operands at hand, and writes to a scratch result where the convolution would add
// to what is there. The chosen one is checked against plain sums before anything relies on it. Convolutions that differ
// only in alpha and beta run the same algorithm where it can do both, so that what backward subtracts has the bits of
// what forward added. An algorithm among the device's kernel choices is not timed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/context.h"
#include "kernels/conv3d/cuda/conv3d_cudnn.h"

namespace revunet::cuda {

class ConvolutionAlgorithms {
 public:
  ConvolutionAlgorithms();
  ~ConvolutionAlgorithms();
  ConvolutionAlgorithms(const ConvolutionAlgorithms&) = delete;
  ConvolutionAlgorithms& operator=(const ConvolutionAlgorithms&) = delete;

  // Throws Error where no algorithm is within the limits, or none computes what it should.
  void run(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers,
           const AlgorithmLimits& limits);

 private:
  struct Trial;
  struct Timed;

  CudnnAlgorithm choose(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers,
                        const AlgorithmLimits& limits);
  // Returns the algorithm chosen for `key`, checked. Where cuDNN does not offer it, throws Error if `required`, and
  // otherwise returns nothing.
  std::optional<CudnnAlgorithm> known_algorithm(const Context& ctx, const ConvolutionProblem& problem,
                                                const ConvolutionBuffers& buffers, const AlgorithmLimits& limits,
                                                const std::string& key, bool required);
  // Returns the fastest correct algorithm that is offered in one form, or nothing where there is none.
  std::optional<Timed> fastest(const Context& ctx, const ConvolutionProblem& problem, const AlgorithmLimits& limits,
                               AlgorithmForm form, Trial& trial);
  bool is_correct(const Context& ctx, const CudnnAlgorithm& algorithm, const ConvolutionProblem& problem, Trial& trial);
  void execute(const Context& ctx, const CudnnAlgorithm& algorithm, const ConvolutionBuffers& buffers);
  double milliseconds(const Context& ctx, const CudnnAlgorithm& algorithm, const ConvolutionBuffers& buffers);

  cudnnHandle_t handle_ = nullptr;
  std::map<std::pair<ConvolutionProblem, AlgorithmLimits>, CudnnAlgorithm> algorithms_;
  std::set<std::string> checked_;  // kernel choices whose results were compared with plain sums
};

}  // namespace revunet::cuda

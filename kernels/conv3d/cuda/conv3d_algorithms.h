// This file chooses the algorithm that runs a convolution, of cuDNN's and our own: the fastest within the limits that
// is right. It chooses once per shape and device, by a trial (conv3d_trial.h).
//
// Rule: an algorithm is compared with plain sums for every problem that it runs. One that the device's kernel choices
// name is compared too, but not timed. Convolutions that differ only in alpha and beta run the same algorithm where it
// can do both, so that what backward subtracts has the bits of what forward added.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "engine/context.h"
#include "engine/cuda/cudnn_handle.h"
#include "kernels/conv3d/cuda/conv3d_algorithm.h"
#include "kernels/conv3d/cuda/conv3d_trial.h"

namespace revunet::cuda {

class AlgorithmTarget;

// Returns whether algorithms that are compiled at run time are tried too, which takes seconds once per shape.
bool is_worth_compiling_for(const ConvolutionProblem& problem);

class ConvolutionAlgorithms {
 public:
  explicit ConvolutionAlgorithms(Device& device) : handle_(device) {}

  // Throws Error where no algorithm is within the limits, or none computes what it should.
  void run(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers,
           const AlgorithmLimits& limits);

  // Returns what was chosen so far.
  using Chosen = std::map<std::pair<ConvolutionProblem, AlgorithmLimits>, AlgorithmPointer>;
  const Chosen& chosen() const { return algorithms_; }

 private:
  AlgorithmPointer choose(const Context& ctx, AlgorithmTrial& trial, const ConvolutionProblem& problem,
                          const AlgorithmLimits& limits);
  // Returns the algorithm of that name, or nothing where it is not offered or not correct.
  AlgorithmPointer correct_one(AlgorithmTarget& target, AlgorithmTrial& trial, const ConvolutionProblem& problem,
                               const AlgorithmLimits& limits, const std::string& name);
  // Tries what is offered for a problem.
  void try_all(const Context& ctx, AlgorithmTarget& target, AlgorithmTrial& trial, const ConvolutionProblem& problem,
               const AlgorithmLimits& limits);

  CudnnHandle handle_;
  Chosen algorithms_;
};

}  // namespace revunet::cuda

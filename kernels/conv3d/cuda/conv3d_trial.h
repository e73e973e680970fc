// A trial finds the fastest of several algorithms for a convolution.
//
// Rule: an algorithm is tried as it will be used: on the operands at hand, and on the result that it adds to, which is
// kept on the host meanwhile. So a trial takes no more of the device than the convolution does. An algorithm is
// compared with plain sums before it is timed. One that is offered but cannot run is left out as long as the device's
// stream is sound. Where x is a norm that has no values yet, algorithms that need them take the time of computing them
// in addition.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/context.h"
#include "kernels/conv3d/cuda/conv3d_algorithm.h"
#include "kernels/conv3d/cuda/conv3d_spot_check.h"

namespace revunet::cuda {

class AlgorithmTrial {
 public:
  // `problem_name` is for the device's log. The buffers stay valid for the trial's life.
  AlgorithmTrial(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers,
                 std::string problem_name);

  // Runs an algorithm once and returns its error relative to the largest sum, or infinity where it does not run.
  // Throws Error where it leaves the stream broken, because nothing else runs on the device then.
  double error_of(const ConvolutionAlgorithm& algorithm);
  bool is_correct(const ConvolutionAlgorithm& algorithm) { return error_of(algorithm) <= kLargestError; }
  // Returns the time of one run on the device, with that of x's values where the algorithm needs them.
  double milliseconds(const ConvolutionAlgorithm& algorithm);

  // Keeps those of the algorithms that are correct, at most the first eight.
  void keep_correct(std::vector<AlgorithmPointer> algorithms);
  bool any_correct() const { return !candidates_.empty(); }
  // Returns the library that found no memory for one of its algorithms, or nothing.
  const std::string& library_without_memory() const { return library_without_memory_; }
  // Times the algorithms that were kept, and returns the fastest. There is at least one.
  AlgorithmPointer take_fastest();

  // Restores the result, and forgets values of x that were computed for the trial. Without this call the result is
  // lost.
  void restore();

 private:
  // A wrong kernel is off by the size of the result. TF32 and bf16 round to 2^-11 and 2^-8.
  static constexpr double kLargestError = 0.02;

  struct Candidate {
    AlgorithmPointer algorithm;
    double error;
    double milliseconds;  // of its fastest run; infinity before the first
  };

  void restore_result();
  RunStatus run_on_result(const ConvolutionAlgorithm& algorithm);
  void drop_inaccurate();
  void warm_up();
  // Returns the time of computing x's values.
  double milliseconds_of_norm();

  const Context& ctx_;
  ConvolutionProblem problem_;
  ConvolutionBuffers buffers_;
  bool lacked_values_;                       // x is a norm that had no values before the trial
  std::optional<double> norm_milliseconds_;  // of computing them, once that is measured
  std::vector<std::byte> kept_;              // what the result held, where the convolution adds to it
  SpotCheck check_;
  std::string problem_name_;
  std::vector<Candidate> candidates_;
  std::string library_without_memory_;
};

}  // namespace revunet::cuda

// A spot check says whether a library computed a convolution: it compares some results with sums that are as plain as
// possible.
//
// Reason: releases of cuDNN have had kernels that are wrong for some shapes of 3-D convolutions.
#pragma once

#include <vector>

#include "engine/context.h"
#include "kernels/conv3d/cuda/conv3d_problem.h"

namespace revunet::cuda {

class SpotCheck {
 public:
  // Computes the sums, and reads what the result holds now, at 512 places spread over it, or everywhere in small
  // results.
  SpotCheck(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers);

  // Reads what the result holds now, to which the next run will add.
  void read_before() { before_ = results(); }

  // Returns the largest error after a run, relative to the largest |alpha sum|. The run started from what was read
  // before if beta is 1. Rounding the result to its type is no error. Returns infinity where something is not finite.
  double error() const;

 private:
  std::vector<double> results() const;  // at the places

  const Context& ctx_;
  ConvolutionProblem problem_;
  ConvolutionBuffers buffers_;
  int64_t places_;
  std::vector<double> sums_, before_;  // (places)
};

}  // namespace revunet::cuda

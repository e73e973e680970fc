// A spot check says whether a library computed a convolution: it compares some results with sums that are as plain as
// possible.
//
// Reason: releases of cuDNN have had kernels that are wrong for some shapes of 3-D convolutions.
#pragma once

#include "engine/context.h"
#include "kernels/conv3d/conv3d_problem.h"

namespace revunet::cuda {

// Returns the largest |got - expected| at 512 places spread over the result, or everywhere in small results. It is
// relative to the largest |expected| there, after the convolution has run on a result that was zero. Returns infinity
// where something is not finite.
double sampled_error(const Context& ctx, const ConvolutionProblem& problem, const ConvolutionBuffers& buffers);

}  // namespace revunet::cuda

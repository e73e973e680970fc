// This file counts the work of one training step's convolutions, which is all but a few per cent of a step's
// arithmetic.
#pragma once

#include "bench/common/training_run.h"

namespace revunet::bench {

// Returns the multiplications and additions of forward, of both gradients (none for the image), and of what backward
// computes again. With Activations::reversible the latter is every convolution of a sequence, except for the first
// where nobody reads the sequence's input. With Skips::reversible it is the 1x1x1 convolutions of the decoder. With
// Activations::checkpointed it is every convolution but those of the last segment, the last G of each other segment,
// and the last convolution of all.
double convolution_flops(const UNet& model, const Variant& variant);

}  // namespace revunet::bench

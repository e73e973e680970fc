// The work of one training step's convolutions: all but a few per cent of a step's arithmetic.
#pragma once

#include "bench/common/training_run.h"

namespace revunet::bench {

// Multiplications and additions of forward, both gradients (none for the image) and what backward computes again: with
// Activations::reversible every convolution of a sequence, but for the first where nobody reads the sequence's input;
// with Skips::reversible the 1x1x1 convolutions of the decoder.
double convolution_flops(const UNet& model, const Variant& variant);

}  // namespace revunet::bench

// The work of one training step's convolutions: all but a few per cent of a step's arithmetic.
#pragma once

#include "bench/step/training_run.h"

namespace revunet::bench {

// Multiplications and additions of forward, both gradients (none for the image) and, with Activations::reversible, what
// backward computes again: every convolution of a sequence but the first, whose result nobody reads.
double convolution_flops(const UNet& model, const Variant& variant);

}  // namespace revunet::bench

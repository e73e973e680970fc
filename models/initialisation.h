// This is PyTorch's default initialisation, so that a network starts from the same distribution as the reference.
//
// Convolution weight and bias are uniform in +-1 / sqrt(fan_in), fan_in = I * kD * kH * kW (Conv3d.reset_parameters:
// kaiming_uniform with a = sqrt(5)). GroupNorm has gamma 1 and beta 0.
#pragma once

#include <cstdint>

#include "models/unet.h"

namespace revunet {

// Parameter k draws from random sequence k of the seed.
void initialise(UNet& model, uint64_t seed);

}  // namespace revunet

// Computes the sigmoid of one value, to full relative precision at either end. No exponent is above 0, so nothing
// overflows.
#pragma once

#include <cmath>

#include "engine/cuda/gpu.h"

namespace revunet::cuda {

__device__ inline float sigmoid_at(float x) {
  const float e = expf(-fabsf(x));
  return (x >= 0 ? 1.0f : e) / (1.0f + e);
}

__device__ inline float sigmoid_derivative(float x) {
  const float e = expf(-fabsf(x)), s = 1.0f / (1.0f + e);
  return e * s * s;
}

}  // namespace revunet::cuda

// This is a norm of channels with its LeakyReLU, as kernels apply it: z = (x - mean) scale + shift, y = leak(z) z.
#pragma once

#include "engine/cuda/gpu.h"
#include "engine/tensor.h"

namespace revunet::cuda {

// A NormChannel is the norm of one channel.
struct NormChannel {
  float mean, scale, shift;

  __device__ float z(float x) const { return (x - mean) * scale + shift; }
};

__device__ inline float leak(float z, float slope) {
  return z > 0 ? 1.0f : slope;
}

// A Norm has C channels in groups of per_group, and what is known about its input, on the device.
struct Norm {
  int64_t C, per_group;
  const float *statistics, *gamma, *beta;  // (groups, 2): mean and 1 / sqrt(var + eps); (C); (C)
  float slope;

  struct Channel : NormChannel {
    float rstd;
  };
  __device__ float rstd(int64_t c) const { return statistics[c / per_group * 2 + 1]; }
  // All are 0 in the padding, so that z is 0 too.
  __device__ Channel channel(int64_t c) const {
    if (c >= C) return {};
    return {{statistics[c / per_group * 2], rstd(c) * gamma[c], beta[c]}, rstd(c)};
  }
};

// Returns the norm of batch element n. statistics is (N, groups, 2); gamma and, unless it is null, beta are (C).
inline Norm norm_of(const Tensor& statistics, int64_t n, const Tensor& gamma, const float* beta, double slope) {
  const int64_t C = gamma.elements(), groups = statistics.shape()[1];
  return {
      C, C / groups, statistics.data<float>() + n * groups * 2, gamma.data<float>(), beta, static_cast<float>(slope)};
}

}  // namespace revunet::cuda

// This is the CUDA device of a test: simulated in test_cusim, a real one in test_gpu.
#pragma once

#include "engine/cuda/cuda_device.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"

namespace revunet::test {

// Returns false, and tells CTest so, where there is no device to test on.
inline bool has_cuda_device() {
  if (cuda::device_count() > 0) return true;
  skip("no CUDA device");
  return false;
}

// On this device products of f32 are in f32, so that tolerances can be those of f32.
inline Device strict_cuda_device() {
  return cuda::make_device(0, kCudaLayout, {.strict_fp32 = true});
}

}  // namespace revunet::test

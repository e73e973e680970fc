// Runs mixed precision through the CUDA backend's own code.
#include "tests/kernels/mixed_precision.h"
#include "tests/cuda/test_device.h"

using namespace revunet;
using namespace revunet::test;

TEST_CASE("CUDA convolutions of bf16 operands sum into f32", "[cuda]") {
  if (!has_cuda_device()) return;
  Device device = cuda::make_device(0);
  check_mixed_convolutions(device);
}

TEST_CASE("CUDA norms of f32 write bf16 operands and read their gradients", "[cuda]") {
  if (!has_cuda_device()) return;
  Device device = cuda::make_device(0);
  check_mixed_norms(device);
}

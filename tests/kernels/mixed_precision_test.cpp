// Tests mixed precision on the CPU.
#include "tests/kernels/mixed_precision.h"

using namespace revunet;
using namespace revunet::test;

TEST_CASE("convolutions of bf16 operands sum into f32") {
  Device device;
  check_mixed_convolutions(device);
}

TEST_CASE("norms of f32 write bf16 operands and read their gradients") {
  Device device;
  check_mixed_norms(device);
}

// Tests mixed precision on the CPU.
#include "tests/kernels/mixed_precision.h"

#include "tests/support/cpu_instructions.h"

using namespace revunet;
using namespace revunet::test;

TEST_CASE("convolutions of bf16 operands sum into f32") {
  for_each_cpu_instructions([] {
    Device device;
    check_mixed_convolutions(device);
  });
}

TEST_CASE("norms of f32 write bf16 operands and read their gradients") {
  for_each_cpu_instructions([] {
    Device device;
    check_mixed_norms(device);
  });
}

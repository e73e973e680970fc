// Runs steps on exclusive classes through the CUDA backend's own code.
#include "tests/models/class_training.h"
#include "tests/cuda/test_device.h"

using namespace revunet;
using namespace revunet::test;

TEST_CASE("a network learns two exclusive classes next to ignored voxels on CUDA", "[cuda]") {
  if (!has_cuda_device()) return;
  Device cpu;
  const auto expected = check_class_training(cpu, DType::f64, 40);
  ChosenDevice device(kStrict);
  const auto got = check_class_training(device.get(), DType::f32, 40);
  // Later steps amplify rounding, as Adam does where a gradient is near 0.
  for (size_t step = 0; step < 3; ++step) {
    for (size_t c = 0; c < 2; ++c) CHECK(got[step][c] == Approx(expected[step][c]).epsilon(1e-4));
  }
  check_ignored_sample(device.get(), DType::f32);
  check_ignored_sample(device.get(), DType::bf16);
}

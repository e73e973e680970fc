// Runs every op's cases through the CUDA backend's own code, and compares them with f64.
#include "tests/cuda/test_device.h"
#include "tests/kernels/op_case_run.h"

using namespace revunet;
using namespace revunet::test;

namespace {

// Operands are rounded to 10 bits of mantissa, or cut to them. Products are off by 2^-9 at most, and their sums by
// less.
constexpr double kTf32Tolerance = 1.0 / 512;

}  // namespace

TEST_CASE("CUDA kernels agree with f64 on the CPU, f32", "[cuda]") {
  if (!has_cuda_device()) return;
  for_each_test_case([](const OpCase& c) {
    ChosenDevice device(kStrict);
    check_against_f64(device.get(), c, DType::f32, arguments_of(c), c.tolerance_f32);
    CHECK(device.get().allocator().stats().allocated == 0);
  });
}

TEST_CASE("CUDA convolutions agree with f64 on the CPU, TF32", "[cuda]") {
  if (!has_cuda_device()) return;
  for_each_test_case([](const OpCase& c) {
    if (!c.name.starts_with("conv3d")) return;
    ChosenDevice device;
    check_against_f64(device.get(), c, DType::f32, arguments_of(c), kTf32Tolerance);
  });
}

TEST_CASE("CUDA kernels agree with f64 on the CPU, bf16", "[cuda]") {
  if (!has_cuda_device()) return;
  for_each_test_case([](const OpCase& c) {
    ChosenDevice device;
    check_against_f64(device.get(), c, DType::bf16, bf16_arguments_of(c), c.tolerance_bf16);
  });
}

TEST_CASE("CUDA kernels have the same bits in every run", "[cuda]") {
  if (!has_cuda_device()) return;
  for_each_test_case([](const OpCase& c) {
    const auto arguments = arguments_of(c);
    ChosenDevice device;
    const Result first = run_case(device.get(), c, DType::f32, arguments, true),
                 second = run_case(device.get(), c, DType::f32, arguments, true);
    CHECK(second.outputs == first.outputs);
    CHECK(second.gradients == first.gradients);
  });
}

// These tests run the threads of CUDA kernels in other orders. ThreadSanitizer watches them in a build of its own.
#include "engine/cuda/cuda_device.h"
#include "tests/cuda/mma_convolution.h"
#include "tests/cusim/cuda_runtime.h"
#include "tests/cusim/cusim.h"
#include "tests/kernels/mixed_precision.h"
#include "tests/kernels/op_case_run.h"

using namespace revunet;
using namespace revunet::test;

namespace {

void check_any_order(DType dtype) {
  for_each_test_case([&](const OpCase& c) {
    const auto arguments = arguments_of(c);
    Device device = cuda::make_device(0);
    const Result forward = run_case(device, c, dtype, arguments, true);
    for (const cusim::Order order : {cusim::Order::reverse, cusim::Order::shuffled}) {
      cusim::set_order(order);
      const Result other = run_case(device, c, dtype, arguments, true);
      cusim::set_order(cusim::Order::forward);
      CHECK(other.outputs == forward.outputs);
      CHECK(other.gradients == forward.gradients);
    }
  });
  CHECK(cusim::live_objects() == 0);
}

}  // namespace

// They are two tests, so that two cores share what ThreadSanitizer takes long for.
TEST_CASE("CUDA kernels of f32 have the same bits whatever the order of their threads", "[cuda]") {
  check_any_order(DType::f32);
}

TEST_CASE("CUDA kernels of bf16 have the same bits whatever the order of their threads", "[cuda]") {
  check_any_order(DType::bf16);
}

TEST_CASE("mixed precision's CUDA kernels are right whatever the order of their threads", "[cuda]") {
  for (const cusim::Order order : {cusim::Order::reverse, cusim::Order::shuffled}) {
    cusim::set_order(order);
    Device device = cuda::make_device(0);
    check_mixed_convolutions(device);
    check_mixed_norms(device);
  }
  cusim::set_order(cusim::Order::forward);
}

TEST_CASE("our own convolutions are right, to the same bits, whatever the order of their threads", "[cuda]") {
  for_each_mma_case({1, 2, 9, 5, 12}, 8, [](MmaCase c) {
    c.ranges = 1;  // so that a block goes through several tiles
    // ThreadSanitizer takes long, and other types and modes differ in what a thread does alone.
    const bool repeats = c.operands != c.result || c.mode == Write::add ||
                         (c.mode == Write::overwrite && c.direction != cuda::Direction::backward_weight);
    if (repeats) return;
    std::vector<double> first;
    for (const cusim::Order order : {cusim::Order::forward, cusim::Order::reverse, cusim::Order::shuffled}) {
      cusim::set_order(order);
      Device device = cuda::make_device(0);
      const std::vector<double> got = mma_convolution(device, c);
      if (first.empty()) first = got;
      CHECK(got == first);
    }
    cusim::set_order(cusim::Order::forward);
    check_mma_convolution(c, first);
  });
}

// What the simulation alone can show of the CUDA backend: any order of threads, plans that cuDNN may lack, memory that
// runs out anywhere.
#include "engine/cuda/cuda_device.h"
#include "models/training_step.h"
#include "tests/cusim/cuda_runtime.h"
#include "tests/cusim/cudnn.h"
#include "tests/cusim/cusim.h"
#include "tests/kernels/mixed_precision.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("CUDA kernels have the same bits whatever the order of their threads", "[cuda]") {
  const DType dtype = GENERATE(DType::f32, DType::bf16);
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

TEST_CASE("mixed precision's CUDA kernels are right whatever the order of their threads", "[cuda]") {
  for (const cusim::Order order : {cusim::Order::reverse, cusim::Order::shuffled}) {
    cusim::set_order(order);
    Device device = cuda::make_device(0);
    check_mixed_convolutions(device);
    check_mixed_norms(device);
  }
  cusim::set_order(cusim::Order::forward);
}

TEST_CASE("convolutions agree with f64 where cuDNN has no tensor-core plan but for fused graphs", "[cuda]") {
  cusim::offer_engine_4(false);
  const DType dtype = GENERATE(DType::f32, DType::bf16);
  for_each_test_case([&](const OpCase& c) {
    if (!c.name.starts_with("conv3d")) return;
    Device device = cuda::make_device(0);
    const int64_t before = cusim::engine_runs(5);
    check_against_f64(device, c, dtype, bf16_arguments_of(c), dtype == DType::f32 ? c.tolerance_f32 : c.tolerance_bf16);
    const bool through_cudnn = c.parameters[0][1] > 1;
    CHECK((cusim::engine_runs(5) > before) == through_cudnn);
  });
  cusim::offer_engine_4(true);
}

TEST_CASE("memory that runs out anywhere in a step is an error that leaves nothing behind", "[cuda]") {
  const auto step = [] {
    Device device = cuda::make_device(0);
    const Context ctx{device};
    const UNetConfig config{.channels = {8, 16}};
    const auto model = make_unet(ctx, config, DType::f32, 1);
    Adam adam;
    Tape tape;
    const Context recording = ctx.with_tape(&tape);
    const auto volume = [&](int64_t channels) {
      return zeros(ctx.with_tag(Tag::input), {{1, 32, 32, 32, channels}, DType::f32, Layout::activation});
    };
    Variable losses = region_losses(recording, *model, volume(4), volume(3));
    learn(recording, tape, std::move(losses), *model, adam, OptimiserStep::separate);
  };
  int64_t failures = 0;
  for (;; ++failures) {
    cusim::fail_allocations_from(failures + 1);
    try {
      step();
      break;
    } catch (const OutOfMemoryError&) {
    }
    REQUIRE(cusim::live_objects() == 0);
  }
  cusim::fail_allocations_from(0);
  CHECK(failures >= 3);  // segments of parameters, of activations, of workspaces
  CHECK(cusim::live_objects() == 0);
}

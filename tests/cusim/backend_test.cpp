// These tests cover what only the simulation can show of the CUDA backend: algorithms that cuDNN may lack, memory that
// runs out anywhere, and tensors of the wrong layout.
#include "engine/cuda/cuda_device.h"
#include "io/task/brats_task.h"
#include "kernels/add/add.h"
#include "kernels/cast/cast.h"
#include "kernels/conv3d/conv3d.h"
#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"
#include "kernels/max_pool3d/max_pool3d.h"
#include "kernels/sigmoid_dice/sigmoid_dice.h"
#include "kernels/upsample_trilinear/upsample_trilinear.h"
#include "models/inference/label_table_of.h"
#include "models/training_step.h"
#include "tests/cusim/cuda_runtime.h"
#include "tests/cusim/cudnn_engines.h"
#include "tests/cusim/cusim.h"
#include "tests/kernels/op_case_run.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("convolutions agree with f64 where cuDNN has no tensor-core algorithm but for fused graphs", "[cuda]") {
  std::vector<cusim::Engine> without_4 = cusim::offered_engines();
  std::erase_if(without_4, [](const cusim::Engine& engine) { return engine.number == 4; });
  const cusim::EngineOffer offer(without_4);
  const DType dtype = GENERATE(DType::f32, DType::bf16);
  for_each_test_case([&](const OpCase& c) {
    if (!c.name.starts_with("conv3d")) return;
    Device device = cuda::make_device(0);
    const int64_t before = cusim::engine_runs(5);
    check_against_f64(device, c, dtype, bf16_arguments_of(c), dtype == DType::f32 ? c.tolerance_f32 : c.tolerance_bf16);
    const bool through_cudnn = c.parameters[0][1] > 1;
    CHECK((cusim::engine_runs(5) > before) == through_cudnn);
  });
}

TEST_CASE("memory that runs out anywhere in a step is an error that leaves nothing behind", "[cuda]") {
  const auto step = [] {
    Device device = cuda::make_device(0);
    const Context ctx{device};
    const UNetConfig config{.channels = {8, 16}};
    const auto model = make_unet(ctx, config, DType::f32, 1);
    Adam adam;
    TrainingStep training(ctx, *model, adam, {.labels = label_table_of(*io::brats_task())});
    const std::vector<float> image(32 * 32 * 32 * 4);
    const std::vector<uint8_t> labels(32 * 32 * 32);
    training.take(ctx, {{32, 32, 32}, image, labels});
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

TEST_CASE("an activation keeps its padding and its values in kernels, whatever its tag", "[cuda]") {
  Device device = cuda::make_device(0);
  Tape tape;
  // These tags belong to memory that is dense elsewhere.
  for (const Tag tag : {Tag::parameter, Tag::gradient, Tag::optimiser, Tag::workspace}) {
    INFO(name_of(tag));
    const Context ctx = Context{device, &tape}.with_tag(tag);
    const Variable x =
        tape.track(from_host(ctx, {{1, 2, 2, 2, 3}, DType::f32, Layout::activation}, std::vector<double>(8 * 3, 2.0)));
    const Variable pooled = max_pool3d(ctx, x), again = upsample_trilinear(ctx, pooled), sum = add(ctx, x, again);
    for (const Variable& y : {pooled, again, sum}) {
      CHECK(y.value.layout() == Layout::activation);
      CHECK(y.value.channel_stride() == 4);
    }
    CHECK(to_host_f64(sum.value) == std::vector<double>(8 * 3, 4.0));
  }
}

TEST_CASE("kernels refuse a tensor without whole packs, and tensors that are padded in two ways", "[cuda]") {
  Device device = cuda::make_device(0);
  const Context ctx{device};
  const auto refusal = ContainsSubstring(
      "[cuda] expected a tensor of whole packs of 4 channels, got f32 (1, 2, 2, 2, 3) with 3 channels from voxel to "
      "voxel; make it with Layout::activation");
  const Shape shape{1, 2, 2, 2, 3}, coarse{1, 1, 1, 1, 3};
  const Tensor dense = zeros(ctx, shape, DType::f32);
  const Tensor padded = zeros(ctx, {shape, DType::f32, Layout::activation});
  Tensor to_dense = dense, to_padded = padded, small = zeros(ctx, {coarse, DType::f32, Layout::activation});
  CHECK_THROWS_WITH(max_pool3d_forward(ctx, dense, small), refusal);
  CHECK_THROWS_WITH(max_pool3d_backward(ctx, padded, small, to_dense, false), refusal);
  CHECK_THROWS_WITH(upsample_trilinear_forward(ctx, small, to_dense, Write::overwrite), refusal);
  CHECK_THROWS_WITH(upsample_trilinear_add_forward(ctx, small, dense, to_padded), refusal);
  CHECK_THROWS_WITH(upsample_trilinear_backward(ctx, dense, small, false), refusal);
  CHECK_THROWS_WITH(group_norm_statistics(ctx, dense, 3), refusal);
  CHECK_THROWS_WITH(cast_forward(ctx, dense, to_padded), refusal);
  const Tensor weight = zeros(ctx, {3, 1, 1, 1, 3}, DType::f32);
  CHECK_THROWS_WITH(conv3d_forward(ctx, {&dense, 1}, weight, nullptr, {&to_padded, 1}, Write::overwrite), refusal);
  CHECK_THROWS_WITH(conv3d_forward(ctx, {&padded, 1}, weight, nullptr, {&to_dense, 1}, Write::overwrite), refusal);
  CHECK_THROWS_WITH(sigmoid_dice(ctx, Variable(dense), zeros(ctx, {{1, 2, 2, 2, 1}, DType::u8}), {.count = 3}),
                    refusal);
  // An op that works element by element needs no packs, but the same places.
  CHECK_NOTHROW(add_in_place(ctx, to_dense, dense));
  CHECK_THROWS_WITH(add_in_place(ctx, to_padded, dense), ContainsSubstring("expected tensors that are padded alike"));
  CHECK_THROWS_WITH(add(ctx, Variable(padded), Variable(dense)), ContainsSubstring("one shape, type and layout"));
  // Eight channels are whole packs in any layout.
  const Tensor whole = zeros(ctx, {1, 2, 2, 2, 8}, DType::f32);
  CHECK_NOTHROW(max_pool3d(ctx, Variable(whole)));
}

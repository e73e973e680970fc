// Tests which algorithm convolves a normalised activation, and who computes its values.
#include <stdexcept>
#include <tuple>

#include "engine/cuda/cuda_device.h"
#include "engine/cuda/op_range.h"
#include "engine/cuda/op_timer.h"
#include "kernels/conv3d/cuda/conv3d_mma_algorithm.h"
#include "models/norm_act_conv.h"
#include "tests/cuda/normed_convolution.h"
#include "tests/cusim/cuda_runtime.h"
#include "tests/cusim/cudnn_engines.h"

using namespace revunet;
using namespace revunet::test;
using cuda::kMmaName;
using cuda::kNormalisingMmaName;
using cusim::EngineOffer;

namespace {

const Shape kShape{1, 1, 1, 256, 30};  // 32 tiles of 8 voxels

// Every kernel takes 100 ms of the device's time while it lives. The norm is one kernel, our own convolution two, and
// three where it normalises. An event takes 1 ms, and what needs the norm is timed with one more.
struct SlowKernels {
  SlowKernels() { cusim::set_kernel_milliseconds(100); }
  ~SlowKernels() { cusim::set_kernel_milliseconds(0); }
};

EngineOffer engine_of(double milliseconds) {
  return EngineOffer({{.number = 4, .notes = {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}, .milliseconds = milliseconds}});
}

// Returns the only choice that the device has made.
std::string only_choice(Device& device) {
  REQUIRE(device.kernel_choices().size() == 1);
  return device.kernel_choices().begin()->second;
}

struct Sum {
  std::vector<double> y;
  bool norm_has_values;
};
// Returns x and the convolution of its norm, which has values before or not.
Sum add_convolution(Device& device, const NormTypes& types, bool has_values = false) {
  const Context ctx{device};
  const NormOperands o(ctx, kShape, types.x, types.operands, DType::f32);
  NormedActivation normed = o.normed(ctx, types.operands);
  if (has_values) normed.values(ctx);
  Tensor y = clone(ctx, o.x);
  normed_conv3d_forward(ctx, normed, o.weight, y, Write::add);
  return {to_host_f64(y), normed.has_values()};
}

}  // namespace

TEST_CASE("a convolution that normalises what it loads leaves the norm without values, and is kept by name",
          "[cusim]") {
  const SlowKernels slow;
  const EngineOffer offer({});
  const NormTypes types{DType::f32, DType::bf16};
  const ExactNormed exact = exact_convolutions(kShape, types.operands);
  const auto check_all = [&](Device& device) {
    const Context ctx{device};
    const NormOperands o(ctx, kShape, types.x, types.operands, DType::f32);
    NormedActivation normed = o.normed(ctx, types.operands);
    Tensor y = clone(ctx, o.x), dweight = zeros(ctx, o.weight.shape(), DType::f32);
    normed_conv3d_forward(ctx, normed, o.weight, y, Write::add);
    check_normed(to_host_f64(y), exact.y, types, types.x, exact.largest_operand, largest(to_host_f64(o.weight)));
    normed_conv3d_backward_weight(ctx, normed, o.dy, dweight);
    check_normed(to_host_f64(dweight), exact.dweight, types, types.operands, exact.largest_operand,
                 largest(to_host_f64(o.dy)));
    normed_conv3d_forward(ctx, normed, o.weight, y, Write::subtract);
    CHECK(largest_difference(to_host_f64(y), to_host_f64(o.x)) <= 1e-6 * largest(exact.y));  // y is rounded twice
    CHECK_FALSE(normed.has_values());
    CHECK(device.kernel_choices().size() == 3);
    for (const auto& [problem, name] : device.kernel_choices()) CHECK(name == kNormalisingMmaName);
  };
  Device device = cuda::make_device(0), second = cuda::make_device(0);
  check_all(device);  // chooses
  check_all(device);
  second.kernel_choices() = device.kernel_choices();
  check_all(second);
}

TEST_CASE("algorithms that need the values of a norm take the time of computing them, unless it has values",
          "[cusim]") {
  const SlowKernels slow;
  const NormTypes types{DType::bf16, DType::bf16};
  {
    const EngineOffer offer = engine_of(250);  // 350 with the norm, of which our own needs 300
    Device device = cuda::make_device(0), with_values = cuda::make_device(0);
    add_convolution(device, types);
    CHECK(only_choice(device) == kNormalisingMmaName);
    add_convolution(with_values, types, true);
    CHECK(only_choice(with_values) == kMmaName);
  }
  const EngineOffer offer = engine_of(150);  // 250 with the norm
  Device device = cuda::make_device(0);
  const Sum first = add_convolution(device, types), second = add_convolution(device, types);
  CHECK(only_choice(device) == "engine 4");
  CHECK(second.y == first.y);
  CHECK(second.norm_has_values);
}

// 25 channels have 28 with padding in f32, and 32 in bf16.
TEST_CASE("values that have more padding than what is normalised are computed", "[cusim]") {
  const SlowKernels slow;
  const EngineOffer offer({});
  const NormTypes types{DType::f32, DType::bf16};
  const Shape shape{1, 1, 1, 256, 25};
  Device device = cuda::make_device(0);
  const Context ctx{device};
  const NormOperands o(ctx, shape, types.x, types.operands, DType::f32);
  for (int step = 0; step < 2; ++step) {
    NormedActivation normed = o.normed(ctx, types.operands);
    Tensor y = clone(ctx, o.x);
    normed_conv3d_forward(ctx, normed, o.weight, y, Write::add);
    CHECK(normed.has_values());
    const ExactNormed exact = exact_convolutions(shape, types.operands);
    check_normed(to_host_f64(y), exact.y, types, types.x, exact.largest_operand, largest(to_host_f64(o.weight)));
  }
  CHECK(only_choice(device) == kMmaName);
  CHECK_THAT(device.kernel_choices().begin()->first, !Catch::Matchers::ContainsSubstring("normalised from"));
}

// The CPU rounds operands to bf16 too. Where f32 lies near the middle of two such values, the devices may round it
// apart, and a gradient in bf16 as well. A slab that is read from another place is wrong by the size of the result.
TEST_CASE("a residual normalises what it loads, as a whole and in slabs, and its gradients are the CPU's", "[cusim]") {
  const SlowKernels slow;
  const EngineOffer offer({});
  const auto [runs, shape, planes] =
      GENERATE(std::tuple{FinestLevel::whole, Shape{1, 1, 1, 256, 30}, "1, 1, 1, 256"},
               std::tuple{FinestLevel::slabs, Shape{1, 22, 1, 128, 30}, "1, 10, 1, 128"});  // three slabs of 32 tiles
  INFO(name_of(runs));
  struct Results {
    std::vector<double> y, rebuilt_y, dx, dweight, dgamma;
  };
  const auto run = [&, &shape = shape, &runs = runs](Device& device) {
    const Context ctx{device};
    const NormOperands o(ctx, shape, DType::f32, DType::f32, DType::f32);
    Parameter gamma{"gamma", o.gamma, {}}, beta{"beta", o.beta, {}}, weight{"weight", o.weight, {}};
    const Dropout none;
    NormActConv residual({gamma, beta, kNormGroups}, weight, Operands::bf16, none, 0, runs);
    Tensor y = clone(ctx, o.x), dx = zeros(ctx, o.x.spec());
    const Tensor statistics = residual.forward(ctx, o.x, y);
    const std::vector<double> sum = to_host_f64(y);
    residual.backward(ctx, o.x, statistics, &y, o.dy, dx);
    return Results{sum, to_host_f64(y), to_host_f64(dx), to_host_f64(weight.gradient), to_host_f64(gamma.gradient)};
  };
  Device cpu, device = cuda::make_device(0);
  // Trials take long here, so the choices are given: of 32 MiB, the packed weights take 54 KiB.
  const std::string problem = fmt::format("x ({}, 32) normalised from f32, 32 output channels, kernel 3", planes),
                    limits = ", within 32714 KiB of workspace, deterministic", choice(kNormalisingMmaName);
  device.kernel_choices() = {{"forward bf16 to f32, " + problem + ", alpha 1, beta 1" + limits, choice},
                             {"backward weight bf16, " + problem + limits, choice}};
  const Results expected = run(cpu), got = run(device);
  const auto check = [](const std::vector<double>& a, const std::vector<double>& b) {
    CHECK(largest_difference(a, b) <= largest(b) / (1 << 8));
  };
  check(got.y, expected.y);
  check(got.dx, expected.dx);
  check(got.dweight, expected.dweight);
  check(got.dgamma, expected.dgamma);
  CHECK(largest_difference(got.rebuilt_y, expected.rebuilt_y) <= 1e-6 * largest(expected.y));
  CHECK(device.kernel_choices().size() == 4);  // to subtract as to add, and backward_data
}

TEST_CASE("times of ops within an op are theirs alone, also where the inner one throws", "[cusim]") {
  Device device = cuda::make_device(0);
  const Context ctx{device};
  auto& timer = device.state<cuda::OpTimer>();
  timer.start();
  {
    const cuda::OpRange outer(ctx, "outer");
    cusim::pass_time(10);
    for (int i = 0; i < 2; ++i) try {
        const cuda::OpRange inner(ctx, "inner");
        cusim::pass_time(100);
        throw std::runtime_error("of an op");
      } catch (const std::runtime_error&) {
      }
    cusim::pass_time(20);
  }
  const auto times = timer.stop().by_op;
  REQUIRE(times.size() == 2);
  // An event that is recorded takes 1 ms, as it ends or begins what is timed.
  CHECK(times[0].name == "inner");
  CHECK(times[0].calls == 2);
  CHECK(times[0].milliseconds == 2 * 101);
  CHECK(times[1].name == "outer");
  CHECK(times[1].milliseconds == 30 + 3);
}

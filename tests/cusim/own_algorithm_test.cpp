// Tests where our own convolution algorithm is offered among cuDNN's, and that it runs where it is the fastest.
#include "engine/cuda/cuda_device.h"
#include "kernels/conv3d/conv3d.h"
#include "kernels/conv3d/cuda/conv3d_mma_algorithm.h"
#include "tests/cusim/cuda_runtime.h"
#include "tests/cusim/cudnn_engines.h"
#include "tests/cusim/cusim.h"
#include "tests/cusim/random_convolution.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
using cuda::Direction;
using cuda::kMmaName;
using cusim::EngineOffer;

namespace {

constexpr int64_t kWidth = 256;  // 32 tiles of 8 voxels, in a volume that is one voxel high and deep

const std::vector<int32_t> kWithTensorCores = {CUDNN_NUMERICAL_NOTE_TENSOR_CORE};

// Returns y, of O channels, after the convolution of x, of 30 channels (32 with padding), was added to it, subtracted
// from it or written to it.
std::vector<double> convolve_30(Device& device, DType dtype, Write mode = Write::add, int64_t O = 30) {
  return random_convolution(device, dtype, {1, 1, 1, kWidth, 30}, {1, 1, 1, kWidth, O}, 3, mode);
}

// Returns the gradient of the weight for x and y above.
std::vector<double> weight_gradient(Device& device, DType dtype) {
  const Context ctx{device};
  const TensorSpec activation{{1, 1, 1, kWidth, 30}, dtype, Layout::activation};
  const auto values = [&](uint64_t sequence) { return rounded(normal_values(activation.shape.elements(), sequence)); };
  const Tensor x = from_host(ctx, activation, values(1)), dy = from_host(ctx, activation, values(3));
  Tensor dweight = zeros(ctx, {30, 3, 3, 3, 30}, compute_type(dtype));
  conv3d_backward_weight(ctx, {&x, 1}, {&dy, 1}, dweight);
  return to_host_f64(dweight);
}

// All values are exact in TF32. The tolerance is that of conv3d's own cases in f32.
void expect_close(const std::vector<double>& got, const std::vector<double>& exact) {
  CHECK(largest_difference(got, exact) <= 3e-6 * largest(exact));
}

// Returns the names of the algorithms that the device has chosen.
std::vector<std::string> chosen(Device& device) {
  std::vector<std::string> names;
  for (const auto& [problem, name] : device.kernel_choices()) names.push_back(name);
  return names;
}

cuda::ConvolutionProblem problem_of(int64_t width, int64_t I, int64_t O, int64_t k = 3) {
  return {Direction::forward, DType::f32, DType::f32, 1, 1, 1, width, I, O, k};
}

// Returns the algorithm that is offered, or nothing.
cuda::AlgorithmPointer only_algorithm(const cuda::ConvolutionProblem& problem, size_t workspace) {
  std::vector<cuda::AlgorithmPointer> offered = cuda::mma_algorithms(problem, {workspace, {}});
  REQUIRE(offered.size() <= 1);
  return offered.empty() ? nullptr : std::move(offered[0]);
}

}  // namespace

TEST_CASE("our own algorithm runs where it is the fastest, and its name is kept", "[cusim]") {
  const EngineOffer offer({{.number = 4, .notes = kWithTensorCores, .milliseconds = 30}});
  Device cpu, device = cuda::make_device(0);
  std::vector<std::string> log;
  device.log_to([&](const std::string& line) { log.push_back(line); });
  const std::vector<double> added = convolve_30(device, DType::f32);
  expect_close(added, convolve_30(cpu, DType::f64));
  REQUIRE(log.size() == 3);
  CHECK_THAT(log[0], ContainsSubstring("engine 4 has an error of "));
  CHECK_THAT(log[1], ContainsSubstring("own mma has an error of "));
  CHECK_THAT(log[2], ContainsSubstring("own mma is chosen, "));
  CHECK(chosen(device) == std::vector{std::string(kMmaName)});

  // What subtracts runs the same algorithm as what added, without another trial.
  const int64_t runs = cusim::engine_runs(4);
  expect_close(convolve_30(device, DType::f32, Write::subtract), convolve_30(cpu, DType::f64, Write::subtract));
  CHECK(cusim::engine_runs(4) == runs);

  Device second = cuda::make_device(0);
  second.kernel_choices() = device.kernel_choices();
  CHECK(convolve_30(second, DType::f32) == added);
  CHECK(cusim::engine_runs(4) == runs);
}

TEST_CASE("cuDNN's algorithm runs where it is as fast as our own", "[cusim]") {
  const EngineOffer offer({{.number = 4, .notes = kWithTensorCores, .milliseconds = 0}});
  Device device = cuda::make_device(0);
  convolve_30(device, DType::f32);
  CHECK(chosen(device) == std::vector<std::string>{"engine 4"});
}

TEST_CASE("our own algorithm computes the gradient of weights, and runs where cuDNN has none", "[cusim]") {
  const EngineOffer offer({});
  Device cpu, device = cuda::make_device(0);
  expect_close(weight_gradient(device, DType::f32), weight_gradient(cpu, DType::f64));
  CHECK(chosen(device) == std::vector{std::string(kMmaName)});
}

// Voxels lie in one row. Whatever a thread wrote beyond its own voxel would be over what ran before it in reverse.
TEST_CASE("our own algorithm computes fewer than 32 channels", "[cusim]") {
  const EngineOffer offer({});
  const auto [dtype, O] = GENERATE(std::pair{DType::f32, 4}, std::pair{DType::f32, 20}, std::pair{DType::bf16, 8});
  Device cpu, device = cuda::make_device(0);
  for (const Write mode : {Write::overwrite, Write::add, Write::subtract}) {
    const std::vector<double> exact = convolve_30(cpu, DType::f64, mode, O);
    const double tolerance = dtype == DType::f32 ? 3e-6 : 1.001 / (1 << 8);
    cusim::set_order(cusim::Order::reverse);
    const std::vector<double> got = convolve_30(device, dtype, mode, O);
    cusim::set_order(cusim::Order::forward);
    CHECK(largest_difference(got, exact) <= tolerance * largest(exact));
  }
  CHECK(chosen(device) == std::vector<std::string>(3, std::string(kMmaName)));
}

TEST_CASE("our own algorithm says why it does not run, unless tensors find no memory", "[cusim]") {
  cuda::ConvolutionProblem problem = problem_of(kWidth, 32, 32);
  problem.result = DType::bf16;  // there are no kernels for it
  Device device = cuda::make_device(0), full = cuda::make_device(0);
  const cuda::AlgorithmPointer algorithm = only_algorithm(problem, size_t{32} << 20);
  REQUIRE(algorithm);
  const cuda::RunStatus status = algorithm->try_run(Context{device}, {});
  CHECK_THAT(status.failure, ContainsSubstring("expected operands of the tensor's type"));
  CHECK_FALSE(status.no_memory);
  cusim::fail_allocations_from(1);
  CHECK_THROWS_AS(algorithm->try_run(Context{full}, {}), OutOfMemoryError);
  cusim::fail_allocations_from(0);
}

TEST_CASE("strict fp32 leaves our own algorithm out for f32 alone", "[cusim]") {
  const EngineOffer offer({{.number = 4, .notes = {}, .milliseconds = 30}});
  Device device = cuda::make_device(0, kCudaLayout, {.strict_fp32 = true});
  convolve_30(device, DType::f32);
  CHECK(chosen(device) == std::vector<std::string>{"engine 4"});
  device.kernel_choices().clear();
  convolve_30(device, DType::bf16);
  CHECK(chosen(device) == std::vector{std::string(kMmaName)});
}

TEST_CASE("our own algorithm is not offered where its code has no tensor cores, and its name means nothing there",
          "[cusim]") {
  const EngineOffer offer({{.number = 4, .notes = kWithTensorCores, .milliseconds = 30}});
  Device device = cuda::make_device(0);
  convolve_30(device, DType::f32);
  cusim::compile_kernels_for(75);
  Device older = cuda::make_device(0), same_choices = cuda::make_device(0);
  convolve_30(older, DType::f32);
  CHECK(chosen(older) == std::vector<std::string>{"engine 4"});
  same_choices.kernel_choices() = device.kernel_choices();
  CHECK_THROWS_WITH(
      convolve_30(same_choices, DType::f32),
      ContainsSubstring("expected our own algorithm own mma for ") && ContainsSubstring("got none of that name"));
  cusim::compile_kernels_for(80);
}

TEST_CASE("our own algorithm is offered within the workspace, for 32 channels, and where there are tiles enough",
          "[cusim]") {
  const auto offered = [](const cuda::ConvolutionProblem& problem, size_t workspace = size_t{32} << 20) {
    return only_algorithm(problem, workspace) != nullptr;
  };
  const Device device = cuda::make_device(0);
  CHECK(offered(problem_of(kWidth, 32, 32)));
  CHECK_FALSE(offered(problem_of(kWidth - 8, 32, 32)));  // 31 tiles
  CHECK(offered(problem_of(kWidth, 4, 32)));
  CHECK_FALSE(offered(problem_of(kWidth, 16, 16)));
  CHECK_FALSE(offered(problem_of(kWidth, 32, 64)));
  CHECK_FALSE(offered(problem_of(kWidth, 32, 32, 1)));
  // The weights, (32, 27, 32) of 4 bytes.
  constexpr size_t kWeights = 110592;
  CHECK(offered(problem_of(kWidth, 32, 32), kWeights));
  CHECK_FALSE(offered(problem_of(kWidth, 32, 32), kWeights - 1));
  // The gradient of weights takes as many ranges as fit, each with as many sums.
  cuda::ConvolutionProblem gradient = problem_of(kWidth, 32, 32);
  gradient.direction = Direction::backward_weight;
  CHECK_FALSE(offered(gradient, kWeights - 1));
  REQUIRE(offered(gradient, 3 * kWeights));
  CHECK(only_algorithm(gradient, 3 * kWeights)->workspace() == 3 * kWeights);
}

// Tests that our own convolutions normalise and activate what they load as GroupNorm and LeakyReLU do, on any CUDA
// device that has tensor cores.
#include "tests/cuda/mma_convolution.h"
#include "tests/cuda/normed_convolution.h"
#include "tests/cuda/test_device.h"

using namespace revunet;
using namespace revunet::test;
using cuda::Direction;

namespace {

cuda::ConvolutionProblem problem_of(const NormOperands& o, Direction direction, const NormTypes& types) {
  const auto [N, D, H, W, C] = activation(o.x.shape());
  const bool forward = direction == Direction::forward;
  return {.direction = direction,
          .operands = types.operands,
          .result = forward ? types.x : types.operands,
          .N = N,
          .D = D,
          .H = H,
          .W = W,
          .I = o.x.channel_stride(),
          .O = o.x.channel_stride(),
          .k = 3,
          .alpha = 1,
          .beta = forward ? 1 : 0,
          .normed_from = types.x};
}

}  // namespace

TEST_CASE("our own convolutions normalise and activate what they load, and keep the padding of the volume zero",
          "[cuda]") {
  if (!has_cuda_device()) return;
  Device device = cuda::make_device(0);
  if (!cuda::mma_runs_here()) return skip("the device's code has no instructions of tensor cores");
  const NormTypes types = GENERATE(NormTypes{DType::f32, DType::f32}, NormTypes{DType::bf16, DType::bf16},
                                   NormTypes{DType::f32, DType::bf16});
  INFO(name_of(types.x) << " with operands of " << name_of(types.operands));
  const int64_t C = GENERATE(15, 30);  // 16 and 32 with padding, in f32 and bf16
  const Shape shape{2, 3, 9, 5, C};
  const ExactNormed exact = exact_convolutions(shape, types.operands);
  const Context ctx{device};
  NormOperands o(ctx, shape, types.x, types.operands, DType::f32);
  NormedActivation normed = o.normed(ctx, types.operands);
  const WeightBlock all{0, C, 0, C};

  const cuda::ConvolutionProblem forward = problem_of(o, Direction::forward, types);
  Tensor packed(ctx, {forward.O, 3, 3, 3, forward.I}, types.operands);
  cuda::pack_weights(ctx, o.weight, all, packed);
  const Tensor y = NormOperands::activation_of(ctx, shape, types.x, 1, 1.5);
  cuda::mma_convolve(ctx, forward, {nullptr, packed.address(), y.address()}, &normed);
  check_normed(to_host_f64(y), exact.y, types, types.x, exact.largest_operand, largest(to_host_f64(o.weight)));
  check_padding(y, ctx);

  const cuda::ConvolutionProblem backward = problem_of(o, Direction::backward_weight, types);
  cuda::mma_backward_weight(ctx, backward, {nullptr, packed.address(), o.dy.address()}, 2, &normed);
  Tensor dweight = zeros(ctx, o.weight.shape(), DType::f32);
  cuda::add_packed_weights(ctx, packed, all, dweight);
  check_normed(to_host_f64(dweight), exact.dweight, types, types.operands, exact.largest_operand,
               largest(to_host_f64(o.dy)));
}

TEST_CASE("a norm that a convolution cannot apply is refused", "[cuda]") {
  if (!has_cuda_device()) return;
  Device device = cuda::make_device(0);
  const Context ctx{device};
  NormOperands o(ctx, {1, 2, 2, 2, 30}, DType::f32, DType::f32, DType::f32);
  const NormTypes types{DType::f32, DType::f32};
  NormedActivation normed = o.normed(ctx, types.operands);
  const auto expect_refusal = [&](const cuda::ConvolutionProblem& problem, const std::string& message) {
    CHECK_THROWS_WITH(cuda::mma_convolve(ctx, problem, {}, &normed), Catch::Matchers::ContainsSubstring(message));
  };
  expect_refusal(problem_of(o, Direction::backward_data, types), "expected a convolution of a norm of f32");
  cuda::ConvolutionProblem problem = problem_of(o, Direction::forward, types);
  problem.normed_from = DType::bf16;
  expect_refusal(problem, "expected a convolution of a norm of f32");
  problem = problem_of(o, Direction::forward, types);
  problem.result = DType::bf16;
  expect_refusal(problem, "expected a result of the type that is normalised, f32");
  problem = problem_of(o, Direction::forward, types);
  problem.N = 2;
  expect_refusal(problem, "expected the norm of a tensor of the problem's extents, got f32 (1, 2, 2, 2, 30)");
  problem = problem_of(o, Direction::forward, types);
  problem.D = 3;
  expect_refusal(problem, "expected the norm of a tensor of the problem's extents, got f32 (1, 2, 2, 2, 30)");
}

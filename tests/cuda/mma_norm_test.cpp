// Tests that our own convolutions normalise and activate what they load as GroupNorm and LeakyReLU do, on any CUDA
// device that has tensor cores.
#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"
#include "tests/cuda/mma_convolution.h"
#include "tests/cuda/test_device.h"

using namespace revunet;
using namespace revunet::test;
using cuda::Direction;

namespace {

constexpr int64_t kGroups = 5;

struct Types {
  DType x, operands;  // y and dw are as usual: of x's type, and of the operands'
};

// NormOperands holds the tensors of a case, with the same values on each device. x is not centred, so that the norm of
// zero is not zero.
struct NormOperands {
  NormOperands(const Context& ctx, const Shape& shape, DType activations, DType operands, DType parameters)
      : x(activation_of(ctx, shape, activations, 1, 1.5)),
        dy(activation_of(ctx, shape, operands, 2, 0)),
        gamma(from_host(ctx, {activation(shape).C}, parameters, rounded(normal_values(activation(shape).C, 3)))),
        beta(from_host(ctx, {activation(shape).C}, parameters, rounded(normal_values(activation(shape).C, 4)))),
        weight(
            from_host(ctx, weight_shape(shape), parameters, rounded(normal_values(weight_shape(shape).elements(), 5)))),
        statistics(group_norm_statistics(ctx, x, kGroups)) {}

  static Shape weight_shape(const Shape& shape) { return {activation(shape).C, 3, 3, 3, activation(shape).C}; }
  static Tensor activation_of(const Context& ctx, const Shape& shape, DType dtype, uint64_t sequence, double offset) {
    std::vector<double> values = normal_values(shape.elements(), sequence);
    for (double& v : values) v += offset;
    return from_host(ctx, {shape, dtype, Layout::activation}, rounded(values));
  }

  Tensor x, dy, gamma, beta, weight, statistics;
};

// Rounds to the operands' type, to nearest. TF32 has 10 bits of mantissa.
double rounded_to(DType operands, double value) {
  if (operands == DType::bf16) return bfloat16(static_cast<float>(value));
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  return std::ldexp(std::round(std::ldexp(mantissa, 11)), exponent - 11);
}

struct Exact {
  std::vector<double> y, dweight;  // y starts as x, to which the convolution is added
  double largest_operand = 0;
};

Exact exact_convolutions(const Shape& shape, DType operands) {
  Device cpu;
  const Context ctx{cpu};
  NormOperands o(ctx, shape, DType::f64, DType::f64, DType::f64);
  Tensor a(ctx, shape, DType::f64);
  group_norm_leaky_relu_forward(ctx, o.x, o.statistics, o.gamma, o.beta, kLeakyReluSlope, a);
  std::vector<double> values = to_host_f64(a);
  for (double& v : values) v = rounded_to(operands, v);
  a = from_host(ctx, shape, DType::f64, values);
  Tensor dweight = zeros(ctx, NormOperands::weight_shape(shape), DType::f64);
  conv3d_backward_weight(ctx, {&a, 1}, {&o.dy, 1}, dweight);
  conv3d_forward(ctx, {&a, 1}, o.weight, nullptr, {&o.x, 1}, Write::add);
  return {to_host_f64(o.x), to_host_f64(dweight), largest(values)};
}

// Checks `got` to what f32 rounds in the sums, what one rounding to the result's type moves, and two operands that lie
// so near the middle of two values of their type that f32 rounds them to the other one. They are multiplied by values
// up to `factor`.
void check_normed(const std::vector<double>& got, const std::vector<double>& exact, const Types& types, DType result,
                  double largest_operand, double factor) {
  const double step = types.operands == DType::bf16 ? 1.0 / (1 << 7) : 1.0 / (1 << 10);
  const double of_sums = 3e-6 * largest(exact) + 2 * step * largest_operand * factor;
  const double of_rounding = result == DType::bf16 ? 1.0 / (1 << 8) : 0;
  REQUIRE(got.size() == exact.size());
  bool close = true;
  for (size_t i = 0; i < got.size(); ++i) {
    close = close && std::abs(got[i] - exact[i]) <= of_sums + of_rounding * (std::abs(exact[i]) + of_sums);
  }
  CHECK(close);
}

cuda::ConvolutionProblem problem_of(const NormOperands& o, Direction direction, const Types& types) {
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
          .beta = forward ? 1 : 0};
}

}  // namespace

TEST_CASE("our own convolutions normalise and activate what they load, and keep the padding of the volume zero",
          "[cuda]") {
  if (!has_cuda_device()) return;
  Device device = cuda::make_device(0);
  if (!cuda::mma_runs_here()) return skip("the device's code has no instructions of tensor cores");
  const Types types =
      GENERATE(Types{DType::f32, DType::f32}, Types{DType::bf16, DType::bf16}, Types{DType::f32, DType::bf16});
  INFO(name_of(types.x) << " with operands of " << name_of(types.operands));
  const Shape shape{2, 3, 9, 5, 30};
  const Exact exact = exact_convolutions(shape, types.operands);
  const Context ctx{device};
  NormOperands o(ctx, shape, types.x, types.operands, DType::f32);
  const cuda::MmaNorm norm{types.x, o.statistics, o.gamma, o.beta, kLeakyReluSlope};
  const WeightBlock all{0, 30, 0, 30};

  const cuda::ConvolutionProblem forward = problem_of(o, Direction::forward, types);
  Tensor packed(ctx, {forward.O, 3, 3, 3, forward.I}, types.operands);
  cuda::pack_weights(ctx, o.weight, all, packed);
  const Tensor y = NormOperands::activation_of(ctx, shape, types.x, 1, 1.5);
  cuda::mma_convolve(ctx, forward, {o.x.address(), packed.address(), y.address()}, &norm);
  check_normed(to_host_f64(y), exact.y, types, types.x, exact.largest_operand, largest(to_host_f64(o.weight)));
  check_padding(y, ctx);

  const cuda::ConvolutionProblem backward = problem_of(o, Direction::backward_weight, types);
  cuda::mma_backward_weight(ctx, backward, {o.x.address(), packed.address(), o.dy.address()}, 2, &norm);
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
  const cuda::MmaNorm norm{DType::f32, o.statistics, o.gamma, o.beta, kLeakyReluSlope};
  const Types types{DType::f32, DType::f32};
  cuda::ConvolutionProblem problem = problem_of(o, Direction::backward_data, types);
  CHECK_THROWS_WITH(cuda::mma_convolve(ctx, problem, {}, &norm),
                    Catch::Matchers::ContainsSubstring("expected a norm of x"));
  problem = problem_of(o, Direction::forward, types);
  problem.N = 2;
  CHECK_THROWS_WITH(cuda::mma_convolve(ctx, problem, {}, &norm),
                    Catch::Matchers::ContainsSubstring("statistics of each batch element"));
}

// These are convolutions of a normalised activation, whose results tests compare with exact ones. The values that are
// multiplied are those that a device rounds to its operands' type.
#pragma once

#include "kernels/conv3d/conv3d.h"
#include "tests/kernels/op_case_run.h"

namespace revunet::test {

inline constexpr int64_t kNormGroups = 5;

struct NormTypes {
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
        statistics(group_norm_statistics(ctx, x, kNormGroups)) {}

  static Shape weight_shape(const Shape& shape) { return {activation(shape).C, 3, 3, 3, activation(shape).C}; }
  static Tensor activation_of(const Context& ctx, const Shape& shape, DType dtype, uint64_t sequence, double offset) {
    std::vector<double> values = normal_values(shape.elements(), sequence);
    for (double& v : values) v += offset;
    return from_host(ctx, {shape, dtype, Layout::activation}, rounded(values));
  }

  NormedActivation normed(const Context& ctx, DType operands) const {
    return {ctx, x, {statistics, gamma, beta, kLeakyReluSlope}, operands};
  }

  Tensor x, dy, gamma, beta, weight, statistics;
};

// Rounds to the operands' type, to nearest. TF32 has 10 bits of mantissa.
inline double rounded_to(DType operands, double value) {
  if (operands == DType::bf16) return bfloat16(static_cast<float>(value));
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  return std::ldexp(std::round(std::ldexp(mantissa, 11)), exponent - 11);
}

struct ExactNormed {
  std::vector<double> y, dweight;  // y starts as x, to which the convolution is added
  double largest_operand = 0;
};

inline ExactNormed exact_convolutions(const Shape& shape, DType operands) {
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
inline void check_normed(const std::vector<double>& got, const std::vector<double>& exact, const NormTypes& types,
                         DType result, double largest_operand, double factor) {
  const double step = types.operands == DType::bf16 ? 1.0 / (1 << 7) : 1.0 / (1 << 10);
  const double of_sums = 3e-6 * largest(exact) + 2 * step * largest_operand * factor;
  const double of_rounding = result == DType::bf16 ? 1.0 / (1 << 8) : 0;
  REQUIRE(got.size() == exact.size());
  double largest_excess = -1;  // over what is allowed
  for (size_t i = 0; i < got.size(); ++i) {
    const double allowed = of_sums + of_rounding * (std::abs(exact[i]) + of_sums);
    largest_excess = std::max(largest_excess, std::abs(got[i] - exact[i]) - allowed);
  }
  CHECK(largest_excess <= 0);
}

}  // namespace revunet::test

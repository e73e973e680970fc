#include "kernels/op_case.h"
#include "kernels/sigmoid/sigmoid.h"

namespace revunet {

namespace {

OpCase sigmoid_case(const std::string& name, const Shape& shape, bool benchmark = false) {
  const auto bytes = static_cast<double>(shape.elements() * size_of(DType::f32));
  return {
      .name = "sigmoid: " + name,
      .inputs = {shape},
      .parameters = {},
      .run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
        return {sigmoid(ctx, std::move(x[0]))};
      },
      .tolerance_f32 = 4e-7,
      .tolerance_reason = "an exponential and a quotient in forward, three products in backward: about six roundings",
      .bytes_forward = 2 * bytes,
      .bytes_backward = 3 * bytes,
      .benchmark = benchmark};
}

// This case has new memory for y, and a gradient that has begun when the second backward runs.
OpCase sigmoid_used_twice() {
  OpCase c = sigmoid_case("an input used twice", {1, 2, 3, 1, 3});
  c.run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
    Variable first = sigmoid(ctx, x[0]);
    return {first, sigmoid(ctx, std::move(x[0]))};
  };
  c.tolerance_bf16 = 2.0 / 256;  // the gradient has two terms, and is rounded after each
  return c;
}

}  // namespace

std::vector<OpCase> sigmoid_cases(const LevelSize& finest) {
  return {sigmoid_case("one element", {1}), sigmoid_case("odd sizes", {2, 3, 5, 7, 3}), sigmoid_used_twice(),
          sigmoid_case("3 regions at " + finest.name(), finest.shape(3), true)};
}

}  // namespace revunet

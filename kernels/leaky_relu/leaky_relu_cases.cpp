#include "kernels/leaky_relu/leaky_relu.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

OpCase leaky_relu_case(const std::string& name, const Shape& shape, bool benchmark = false) {
  const auto bytes = static_cast<double>(shape.elements() * size_of(DType::f32));
  return {.name = "leaky_relu: " + name,
          .inputs = {shape},
          .parameters = {},
          .run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            return {leaky_relu(ctx, x[0])};
          },
          .tolerance_f32 = 2e-7,
          .tolerance_reason = "one product: the rounding of the input, of the slope and of the result",
          .bytes_forward = 2 * bytes,
          .bytes_backward = 3 * bytes,
          .benchmark = benchmark};
}

}  // namespace

std::vector<OpCase> leaky_relu_cases(const LevelSize& finest) {
  return {leaky_relu_case("one element", {1, 1, 1, 1, 1}), leaky_relu_case("odd sizes", {2, 3, 5, 7, 3}),
          leaky_relu_case("30 channels at " + finest.name(), finest.shape(30), true)};
}

}  // namespace revunet

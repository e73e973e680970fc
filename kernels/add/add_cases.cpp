#include "kernels/add/add.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

OpCase add_case(const std::string& name, const Shape& shape, bool benchmark = false) {
  const auto bytes = static_cast<double>(shape.elements() * size_of(DType::f32));
  return {.name = "add: " + name,
          .inputs = {shape, shape},
          .parameters = {},
          .run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            return {add(ctx, std::move(x[0]), std::move(x[1]))};
          },
          .tolerance_f32 = 2e-7,
          .tolerance_reason = "one sum: the rounding of both inputs and of the result",
          .bytes_forward = 3 * bytes,
          .bytes_backward = 2 * bytes,
          .benchmark = benchmark};
}

// This case covers every choice of the result's memory, and inputs whose gradient has begun: a shared b, b shared,
// both.
OpCase shared_inputs() {
  OpCase c = add_case("inputs that others read", {1, 2, 3, 2, 5});
  c.run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
    Variable both_shared = add(ctx, x[0], x[1]), twice = add(ctx, x[0], x[0]);
    Variable first_shared = add(ctx, x[0], std::move(x[1]));
    return {both_shared, twice, first_shared, add(ctx, std::move(x[0]), both_shared)};
  };
  c.tolerance_bf16 = 2.0 / 256;  // gradients have several terms, and are rounded after each
  return c;
}

// The constant is a tensor of the input's own values: a value without a slot.
OpCase constant_operand(bool first) {
  const std::string name = first ? "a constant and an input" : "an input and a constant";
  OpCase c = add_case(name, {1, 2, 1, 3, 2});
  c.inputs.pop_back();
  c.run = [first](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
    const std::vector<double> ones(static_cast<size_t>(x[0].value.elements()), 1.0);
    Variable constant(from_host(ctx, x[0].value.spec(), ones));
    return {first ? add(ctx, constant, x[0]) : add(ctx, x[0], constant)};
  };
  return c;
}

}  // namespace

std::vector<OpCase> add_cases(const LevelSize& finest) {
  return {add_case("one element", {1}),
          add_case("odd sizes", {2, 3, 5, 7, 3}),
          shared_inputs(),
          constant_operand(true),
          constant_operand(false),
          add_case("30 channels at " + finest.name(), finest.shape(30), true),
          add_case("60 channels at " + finest.coarser(1).name(), finest.coarser(1).shape(60), true)};
}

}  // namespace revunet

#include "kernels/group_norm_leaky_relu/group_norm_leaky_relu.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

OpCase norm_case(const std::string& name, const Shape& shape, int64_t groups, double slope, bool benchmark = false) {
  const int64_t C = shape[4];
  const auto bytes = static_cast<double>(shape.elements() * size_of(DType::f32));
  return {.name = "group_norm_leaky_relu: " + name,
          .inputs = {shape},
          .parameters = {{C}, {C}},
          .run =
              [groups, slope](const Context& ctx, std::vector<Variable> x, std::span<Parameter> p) {
                return std::vector{group_norm_leaky_relu(ctx, std::move(x[0]), {p[0], p[1], groups}, slope)};
              },
          .tolerance_f32 = 2e-6,
          .tolerance_reason = "a dozen roundings an element; mean and rstd rounded to f32",
          .bytes_forward = 3 * bytes,   // x twice, y
          .bytes_backward = 5 * bytes,  // x and dy twice, dx
          .benchmark = benchmark};
}

}  // namespace

std::vector<OpCase> group_norm_leaky_relu_cases(const LevelSize& finest) {
  return {
      norm_case("plain GroupNorm, 4 groups of 3", {1, 4, 6, 5, 12}, 4, kNoLeakyRelu),
      norm_case("30 groups of 1", {1, 4, 6, 5, 30}, 30, kLeakyReluSlope),
      norm_case("30 groups of 6", {1, 3, 2, 5, 180}, 30, kLeakyReluSlope),
      norm_case("one group, batch of 2", {2, 3, 5, 7, 5}, 1, kLeakyReluSlope),
      norm_case("several chunks", {1, 13, 31, 33, 6}, 3, kNoLeakyRelu),
      norm_case("30 channels at " + finest.name(), finest.shape(30), 30, kLeakyReluSlope, true),
      norm_case("60 channels at " + finest.coarser(1).name(), finest.coarser(1).shape(60), 30, kLeakyReluSlope, true)};
}

}  // namespace revunet

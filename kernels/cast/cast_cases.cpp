#include "kernels/cast/cast.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

// Casts bf16 to f32, and its gradient back. For f32 and f64 it copies.
OpCase to_compute_type(const std::string& name, const Shape& shape) {
  return {.name = "cast: " + name,
          .inputs = {shape},
          .parameters = {},
          .run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            const DType wide = compute_type(x[0].value.dtype());
            return {cast(ctx, x[0], wide), cast(ctx, std::move(x[0]), wide)};
          },
          .tolerance_f32 = 2e-7,
          .tolerance_reason = "values and the sum of two gradients rounded to f32",
          .tolerance_bf16 = 2.0 / 256};  // gradients have two terms, each rounded, and their sum is rounded
}

}  // namespace

std::vector<OpCase> cast_cases(const LevelSize&) {
  return {to_compute_type("one channel", {1, 2, 3, 4, 1}), to_compute_type("30 channels", {1, 5, 3, 2, 30}),
          to_compute_type("60 channels, batch of 2", {2, 3, 5, 4, 60})};
}

}  // namespace revunet

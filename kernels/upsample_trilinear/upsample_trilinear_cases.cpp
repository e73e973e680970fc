#include "kernels/op_case.h"
#include "kernels/upsample_trilinear/upsample_trilinear.h"

namespace revunet {

namespace {

constexpr double kTolerance = 4e-7;
constexpr const char* kToleranceReason = "three sums of two or four terms, weights exact: about six roundings";

double f32_bytes(const Shape& shape) {
  return static_cast<double>(shape.elements() * size_of(DType::f32));
}

OpCase upsample_case(const std::string& name, const Shape& shape, bool benchmark = false) {
  return {.name = "upsample_trilinear: " + name,
          .inputs = {shape},
          .parameters = {},
          .run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            return {upsample_trilinear(ctx, std::move(x[0]))};
          },
          .tolerance_f32 = kTolerance,
          .tolerance_reason = kToleranceReason,
          .bytes_forward = 9 * f32_bytes(shape),
          .bytes_backward = 9 * f32_bytes(shape),
          .benchmark = benchmark};
}

OpCase upsample_add_case(const std::string& name, const Shape& low, bool benchmark = false) {
  OpCase c = upsample_case("plus a skip, " + name, low, benchmark);
  c.inputs.push_back(upsample_trilinear_shape(low));
  c.run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
    return {upsample_trilinear_add(ctx, std::move(x[0]), std::move(x[1]))};
  };
  c.bytes_forward = 17 * f32_bytes(low);
  return c;
}

// This case has new memory for the sum, and gradients that have begun when the backward runs.
OpCase shared_inputs() {
  OpCase c = upsample_add_case("both read by others", {1, 2, 3, 2, 5});
  c.run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
    Variable sum = upsample_trilinear_add(ctx, x[0], x[1]);
    return {upsample_trilinear(ctx, x[0]), sum, upsample_trilinear_add(ctx, std::move(x[0]), std::move(x[1]))};
  };
  return c;
}

}  // namespace

std::vector<OpCase> upsample_trilinear_cases(const LevelSize& finest) {
  return {upsample_case("one voxel", {1, 1, 1, 1, 1}),
          upsample_case("two voxels along each axis, batch of 2", {2, 2, 2, 2, 3}),
          upsample_case("odd sizes", {1, 3, 5, 4, 9}),
          upsample_case("one voxel along d and w", {2, 1, 3, 1, 2}),
          upsample_case("several tiles and walks of CUDA's kernels, batch of 2", {2, 9, 5, 9, 30}),
          upsample_add_case("odd sizes, batch of 2", {2, 3, 1, 5, 3}),
          shared_inputs(),
          upsample_case("30 channels from " + finest.coarser(1).name(), finest.coarser(1).shape(30), true),
          upsample_add_case("30 channels from " + finest.coarser(1).name(), finest.coarser(1).shape(30), true),
          upsample_add_case("60 channels from " + finest.coarser(2).name(), finest.coarser(2).shape(60), true)};
}

}  // namespace revunet

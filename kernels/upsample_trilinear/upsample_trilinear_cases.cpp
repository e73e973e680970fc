#include <algorithm>
#include <iterator>

#include "kernels/op_case.h"
#include "kernels/upsample_trilinear/upsample_trilinear.h"

namespace revunet {

namespace {

constexpr double kTolerance = 4e-7;
constexpr const char* kToleranceReason = "three sums of two or four terms, weights exact: about six roundings";

double f32_bytes(const Shape& shape) {
  return static_cast<double>(shape.elements() * size_of(DType::f32));
}

OpCase upsample_case(const std::string& name, const Shape& shape, bool benchmark = false,
                     const HalvedAxes& axes = kAllAxes) {
  const auto fine = static_cast<double>(factors_of(axes).voxels());  // voxels of y for each of x
  return {.name = "upsample_trilinear: " + name,
          .inputs = {shape},
          .parameters = {},
          .run = [axes](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
            return {upsample_trilinear(ctx, std::move(x[0]), axes)};
          },
          .tolerance_f32 = kTolerance,
          .tolerance_reason = kToleranceReason,
          .bytes_forward = (fine + 1) * f32_bytes(shape),
          .bytes_backward = (fine + 1) * f32_bytes(shape),
          .benchmark = benchmark};
}

OpCase upsample_add_case(const std::string& name, const Shape& low, bool benchmark = false,
                         const HalvedAxes& axes = kAllAxes) {
  OpCase c = upsample_case("plus a skip, " + name, low, benchmark);
  c.inputs.push_back(upsample_trilinear_shape(low, axes));
  c.run = [](const Context& ctx, std::vector<Variable> x, std::span<Parameter>) -> std::vector<Variable> {
    return {upsample_trilinear_add(ctx, std::move(x[0]), std::move(x[1]))};
  };
  c.bytes_forward = static_cast<double>(2 * factors_of(axes).voxels() + 1) * f32_bytes(low);
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

std::vector<OpCase> upsampled_along_some_axes() {
  return {upsample_case("along h and w, batch of 2", {2, 3, 5, 4, 9}, false, {false, true, true}),
          upsample_case("along d and w", {1, 3, 5, 4, 5}, false, {true, false, true}),
          upsample_case("along d and h, one voxel along w", {1, 2, 3, 1, 2}, false, {true, true, false}),
          upsample_case("along w", {1, 3, 2, 4, 1}, false, {false, false, true}),
          upsample_case("along h, one voxel", {2, 1, 1, 1, 3}, false, {false, true, false}),
          upsample_case("along d, several walks of CUDA's kernels", {1, 17, 2, 3, 6}, false, {true, false, false}),
          upsample_case("along h and w, several tiles and walks of CUDA's kernels", {2, 9, 5, 9, 30}, false,
                        {false, true, true}),
          upsample_add_case("along h and w, batch of 2", {2, 3, 1, 5, 3}, false, {false, true, true}),
          upsample_add_case("along d and h", {1, 2, 3, 5, 9}, false, {true, true, false}),
          upsample_add_case("along w", {1, 2, 3, 2, 4}, false, {false, false, true})};
}

}  // namespace

std::vector<OpCase> upsample_trilinear_cases(const LevelSize& finest) {
  std::vector<OpCase> cases = {
      upsample_case("one voxel", {1, 1, 1, 1, 1}),
      upsample_case("two voxels along each axis, batch of 2", {2, 2, 2, 2, 3}),
      upsample_case("odd sizes", {1, 3, 5, 4, 9}),
      upsample_case("one voxel along d and w", {2, 1, 3, 1, 2}),
      upsample_case("several tiles and walks of CUDA's kernels, batch of 2", {2, 9, 5, 9, 30}),
      upsample_add_case("odd sizes, batch of 2", {2, 3, 1, 5, 3}),
      shared_inputs(),
      upsample_case("30 channels from " + finest.coarser(1).name(), finest.coarser(1).shape(30), true),
      upsample_add_case("30 channels from " + finest.coarser(1).name(), finest.coarser(1).shape(30), true),
      upsample_add_case("60 channels from " + finest.coarser(2).name(), finest.coarser(2).shape(60), true)};
  std::ranges::move(upsampled_along_some_axes(), std::back_inserter(cases));
  return cases;
}

}  // namespace revunet

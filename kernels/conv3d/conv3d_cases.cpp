#include "kernels/conv3d/conv3d.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

struct Layout {
  LevelSize size;
  int64_t in, out, k;
  int in_parts = 1, out_parts = 1;
  bool bias = false;
  int64_t N = 1;
};

OpCase conv3d_case(const std::string& name, const Layout& l, bool benchmark = false) {
  const auto [D, H, W] = l.size;
  const Shape part{l.N, D, H, W, l.in / l.in_parts};
  const auto voxels = static_cast<double>(l.N * D * H * W);
  const double flops = 2 * voxels * static_cast<double>(l.in * l.out * l.k * l.k * l.k);
  const double x_bytes = 4 * voxels * static_cast<double>(l.in), y_bytes = 4 * voxels * static_cast<double>(l.out);
  std::vector<Shape> parameters{{l.out, l.k, l.k, l.k, l.in}};
  if (l.bias) parameters.push_back({l.out});
  return {.name = "conv3d: " + name,
          .inputs = std::vector<CaseInput>(static_cast<size_t>(l.in_parts), part),
          .parameters = parameters,
          .run =
              [l](const Context& ctx, std::vector<Variable> x, std::span<Parameter> p) {
                return conv3d(ctx, std::move(x), p[0], l.bias ? &p[1] : nullptr, l.out_parts);
              },
          .tolerance_f32 = 3e-6,
          .tolerance_reason =
              "sums of up to 27 x 289 products, or of one product for each of 10000 voxels, in f32: roundings of 3e-8 "
              "on average point either way, so 3e-8 times the root of their number, relative to the largest",
          .flops_forward = flops,
          .flops_backward = 2 * flops,
          .bytes_forward = x_bytes + y_bytes,
          .bytes_backward = 2 * (x_bytes + y_bytes),
          .benchmark = benchmark};
}

}  // namespace

std::vector<OpCase> conv3d_cases(const LevelSize& finest) {
  return {
      conv3d_case("3x3x3, odd sizes", {.size = {5, 3, 7}, .in = 6, .out = 10, .k = 3}),
      conv3d_case("3x3x3, 30 channels", {.size = {4, 6, 5}, .in = 30, .out = 30, .k = 3}),
      conv3d_case("3x3x3, one channel, one voxel", {.size = {1, 1, 1}, .in = 1, .out = 1, .k = 3}),
      conv3d_case("3x3x3, one voxel high, batch of 2", {.size = {3, 1, 2}, .in = 4, .out = 9, .k = 3, .N = 2}),
      conv3d_case("3x3x3, 17 channels to 31", {.size = {3, 4, 13}, .in = 17, .out = 31, .k = 3}),
      conv3d_case("3x3x3, 40 channels to 70, several blocks of rows",
                  {.size = {2, 10, 130}, .in = 40, .out = 70, .k = 3}),
      conv3d_case("3x3x3, 100 channels to 33, small planes", {.size = {6, 4, 5}, .in = 100, .out = 33, .k = 3}),
      conv3d_case("3x3x3, from one part to two", {.size = {4, 3, 6}, .in = 4, .out = 12, .k = 3, .out_parts = 2}),
      conv3d_case("3x3x3, several slabs", {.size = {9, 32, 33}, .in = 3, .out = 8, .k = 3}),
      conv3d_case("3x3x3, slabs across images", {.size = {3, 24, 38}, .in = 11, .out = 2, .k = 3, .N = 3}),
      conv3d_case("3x3x3, more small planes than are packed at once",
                  {.size = {22, 2, 2}, .in = 289, .out = 3, .k = 3}),
      conv3d_case("3x3x3, several blocks of rows in bf16 too", {.size = {2, 17, 334}, .in = 11, .out = 1, .k = 3}),
      conv3d_case("1x1x1 with bias, two parts to two",
                  {.size = {3, 5, 4}, .in = 12, .out = 20, .k = 1, .in_parts = 2, .out_parts = 2, .bias = true}),
      conv3d_case("1x1x1 with bias, two parts to three channels",
                  {.size = {4, 4, 3}, .in = 16, .out = 3, .k = 1, .in_parts = 2, .bias = true, .N = 2}),
      conv3d_case("3x3x3, 30 to 30 at " + finest.name(), {.size = finest, .in = 30, .out = 30, .k = 3}, true),
      conv3d_case("3x3x3, 60 to 60 at " + finest.coarser(1).name(),
                  {.size = finest.coarser(1), .in = 60, .out = 60, .k = 3}, true),
      conv3d_case("3x3x3, 120 to 120 at " + finest.coarser(2).name(),
                  {.size = finest.coarser(2), .in = 120, .out = 120, .k = 3}, true),
      conv3d_case("3x3x3, 180 to 180 at " + finest.coarser(3).name(),
                  {.size = finest.coarser(3), .in = 180, .out = 180, .k = 3}, true),
      conv3d_case("3x3x3, 240 to 240 at " + finest.coarser(4).name(),
                  {.size = finest.coarser(4), .in = 240, .out = 240, .k = 3}, true),
      conv3d_case("3x3x3, 4 to 2 x 30 at " + finest.name(),
                  {.size = finest, .in = 4, .out = 60, .k = 3, .out_parts = 2}, true),
      conv3d_case(
          "1x1x1, 2 x 30 to 2 x 60 at " + finest.coarser(1).name(),
          {.size = finest.coarser(1), .in = 60, .out = 120, .k = 1, .in_parts = 2, .out_parts = 2, .bias = true}, true),
      conv3d_case("1x1x1, 2 x 30 to 3 at " + finest.name(),
                  {.size = finest, .in = 60, .out = 3, .k = 1, .in_parts = 2, .bias = true}, true),
  };
}

}  // namespace revunet

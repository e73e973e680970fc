#include "kernels/conv3d/conv3d.h"
#include "kernels/op_case.h"

namespace revunet {

namespace {

struct Layout {
  int64_t D, H, W;
  int64_t in, out, k;
  int in_parts = 1, out_parts = 1;
  bool bias = false;
  int64_t N = 1;
};

OpCase conv3d_case(const std::string& name, const Layout& l, bool benchmark = false) {
  const Shape part{l.N, l.D, l.H, l.W, l.in / l.in_parts};
  const auto voxels = static_cast<double>(l.N * l.D * l.H * l.W);
  const double flops = 2 * voxels * static_cast<double>(l.in * l.out * l.k * l.k * l.k);
  const double x_bytes = 4 * voxels * static_cast<double>(l.in), y_bytes = 4 * voxels * static_cast<double>(l.out);
  std::vector<Shape> parameters{{l.out, l.k, l.k, l.k, l.in}};
  if (l.bias) parameters.push_back({l.out});
  return {.name = "conv3d: " + name,
          .inputs = std::vector<Shape>(static_cast<size_t>(l.in_parts), part),
          .parameters = parameters,
          .run =
              [l](const Context& ctx, std::vector<Variable> x, std::span<Parameter> p) {
                return conv3d(ctx, std::move(x), p[0], l.bias ? &p[1] : nullptr, l.out_parts);
              },
          .tolerance_f32 = 3e-6,
          .tolerance_reason =
              "sums of up to 27 x 30 products, or of one product a voxel, in f32: 6e-8 times the root of "
              "their number, relative to the largest",
          .flops_forward = flops,
          .flops_backward = 2 * flops,
          .bytes_forward = x_bytes + y_bytes,
          .bytes_backward = 2 * (x_bytes + y_bytes),
          .benchmark = benchmark};
}

}  // namespace

std::vector<OpCase> conv3d_cases() {
  return {
      conv3d_case("3x3x3, odd sizes", {.D = 5, .H = 3, .W = 7, .in = 6, .out = 10, .k = 3}),
      conv3d_case("3x3x3, 30 channels", {.D = 4, .H = 6, .W = 5, .in = 30, .out = 30, .k = 3}),
      conv3d_case("3x3x3, one channel, one voxel", {.D = 1, .H = 1, .W = 1, .in = 1, .out = 1, .k = 3}),
      conv3d_case("3x3x3, one voxel high, batch of 2", {.D = 3, .H = 1, .W = 2, .in = 4, .out = 9, .k = 3, .N = 2}),
      conv3d_case("3x3x3, 17 channels to 31", {.D = 3, .H = 4, .W = 13, .in = 17, .out = 31, .k = 3}),
      conv3d_case("3x3x3, from one part to two", {.D = 4, .H = 3, .W = 6, .in = 4, .out = 12, .k = 3, .out_parts = 2}),
      conv3d_case("3x3x3, several slabs", {.D = 9, .H = 32, .W = 33, .in = 3, .out = 8, .k = 3}),
      conv3d_case("1x1x1 with bias, two parts to two",
                  {.D = 3, .H = 5, .W = 4, .in = 12, .out = 20, .k = 1, .in_parts = 2, .out_parts = 2, .bias = true}),
      conv3d_case("1x1x1 with bias, two parts to three channels",
                  {.D = 4, .H = 4, .W = 3, .in = 16, .out = 3, .k = 1, .in_parts = 2, .bias = true, .N = 2}),
      conv3d_case("3x3x3, 30 to 30 at 64^3", {.D = 64, .H = 64, .W = 64, .in = 30, .out = 30, .k = 3}, true),
      conv3d_case("3x3x3, 60 to 60 at 32^3", {.D = 32, .H = 32, .W = 32, .in = 60, .out = 60, .k = 3}, true),
      conv3d_case("3x3x3, 120 to 120 at 16^3", {.D = 16, .H = 16, .W = 16, .in = 120, .out = 120, .k = 3}, true),
      conv3d_case("3x3x3, 180 to 180 at 8^3", {.D = 8, .H = 8, .W = 8, .in = 180, .out = 180, .k = 3}, true),
      conv3d_case("3x3x3, 240 to 240 at 4^3", {.D = 4, .H = 4, .W = 4, .in = 240, .out = 240, .k = 3}, true),
      conv3d_case("3x3x3, 4 to 2 x 30 at 64^3", {.D = 64, .H = 64, .W = 64, .in = 4, .out = 60, .k = 3, .out_parts = 2},
                  true),
      conv3d_case(
          "1x1x1, 2 x 30 to 2 x 60 at 32^3",
          {.D = 32, .H = 32, .W = 32, .in = 60, .out = 120, .k = 1, .in_parts = 2, .out_parts = 2, .bias = true}, true),
      conv3d_case("1x1x1, 2 x 30 to 3 at 64^3",
                  {.D = 64, .H = 64, .W = 64, .in = 60, .out = 3, .k = 1, .in_parts = 2, .bias = true}, true),
  };
}

}  // namespace revunet

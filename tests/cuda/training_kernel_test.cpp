// The kernels of a training step that have no gradient, on a CUDA device and on the CPU: clipping, averages, dropout
// and resampling.
#include "engine/rng.h"
#include "kernels/change_intensities/change_intensities.h"
#include "kernels/channel_dropout/channel_dropout.h"
#include "kernels/clip_gradients/clip_gradients.h"
#include "kernels/moving_average/moving_average.h"
#include "kernels/warp_planes/warp_planes.h"
#include "tests/cuda/test_device.h"

using namespace revunet;
using namespace revunet::test;

namespace {

std::vector<double> normal(int64_t count, uint64_t stream) {
  Rng rng(6, stream);
  std::vector<double> values(static_cast<size_t>(count));
  for (double& v : values) v = rng.normal();
  return values;
}

Tensor normal(const Context& ctx, const Shape& shape, uint64_t stream) {
  return from_host(ctx, shape, DType::f32, std::span<const double>(normal(shape.elements(), stream)));
}

void check_close(const std::vector<double>& got, const std::vector<double>& expected, double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (size_t i = 0; i < got.size(); ++i) REQUIRE(std::abs(got[i] - expected[i]) <= tolerance);
}

// f(ctx) on both devices.
template <class F>
void compare(double tolerance, F f) {
  Device cpu, cuda = strict_cuda_device();
  check_close(f(Context{cuda}), f(Context{cpu}), tolerance);
}

constexpr double kRounding = 1e-6;  // of values up to 5 or so, a few operations in f32

}  // namespace

TEST_CASE("CUDA kernels for gradients and weights agree with the CPU's", "[cuda]") {
  if (!has_cuda_device()) return;
  for (const int64_t elements : {1, 7, 1000, 70001}) {
    INFO(elements);
    compare(kRounding, [&](const Context& ctx) {
      Parameter a{"a", normal(ctx, {elements}, 1), normal(ctx, {elements}, 2)}, b{"b", a.value, {}};
      Parameter c{"c", a.value, normal(ctx, {5}, 3)};
      Parameter* const parameters[] = {&a, &b, &c};
      std::vector<double> result = {clip_gradients(ctx, parameters, 1.5) /
                                    std::sqrt(static_cast<double>(elements + 5))};
      for (const Parameter* p : {&a, &c}) {
        for (const double v : to_host_f64(p->gradient)) result.push_back(v);
      }
      return result;
    });
    compare(kRounding, [&](const Context& ctx) {
      Tensor average = normal(ctx, {elements}, 4);
      moving_average(ctx, normal(ctx, {elements}, 5), 0.3, average);
      return to_host_f64(average);
    });
  }
}

TEST_CASE("CUDA dropout agrees with the CPU's", "[cuda]") {
  if (!has_cuda_device()) return;
  for (const int64_t channels : {3, 240, 1500}) {  // one launch, and several
    compare(kRounding, [&](const Context& ctx) {
      const ChannelDropout dropout{0.4, dropout_key(1, 2, 3)};
      Tensor y(ctx, {channels}, DType::f32);
      channel_dropout(ctx, normal(ctx, {channels}, 6), dropout, y, Write::overwrite);
      channel_dropout(ctx, normal(ctx, {channels}, 7), dropout, y, Write::add);
      return to_host_f64(y);
    });
  }
}

TEST_CASE("CUDA changes of intensities agree with the CPU's", "[cuda]") {
  if (!has_cuda_device()) return;
  IntensityChanges changes{.key = 12, .channels = {}};
  changes.channels[0] = {.noise = 0.3f, .blur = 1};
  changes.channels[1] = {.brightness = 1.2f, .contrast = 0.7f, .least = -2, .greatest = 2};
  changes.channels[2] = {.resolution = 0.55f, .gamma = 1.4f, .least = -3, .greatest = 3};
  changes.channels[3] = {.blur = 0.5f, .resolution = 0.9f, .gamma = 0.8f, .inverted = true, .least = -3, .greatest = 3};
  for (const DType dtype : {DType::f32, DType::bf16}) {
    // Functions of f32; bf16 rounds up to five times, of values up to 5.
    compare(dtype == DType::f32 ? 1e-5 : 0.1, [&](const Context& ctx) {
      const Context input = ctx.with_tag(Tag::input);
      Tensor image = from_host(input, {1, 9, 6, 7, 4}, dtype, std::span<const double>(normal(9 * 6 * 7 * 4, 13)));
      change_intensities(input, changes, image);
      return to_host_f64(image);
    });
  }
}

TEST_CASE("CUDA resampling agrees with the CPU's", "[cuda]") {
  if (!has_cuda_device()) return;
  PlaneWarp warp;
  warp.flip = {false, true, true};
  warp.matrix = {0.9, -0.2, 0.25, 1.1};
  warp.shift = {0.1f, -0.1f, 0.05f, 0.02f};
  for (size_t axis = 0; axis < 2; ++axis) {
    const auto displacements = normal(9, 8 + axis);
    std::ranges::copy(displacements, warp.deformation[axis].begin());
    warp.deformation[axis] = spline_coefficients(warp.deformation[axis]);
  }
  for (const DType dtype : {DType::f32, DType::bf16}) {
    // Places are in f32 there, off by 1e-5 voxels; bf16 may round to the other neighbour.
    compare(dtype == DType::f32 ? 1e-4 : 0.04, [&](const Context& ctx) {
      const Context input = ctx.with_tag(Tag::input);
      Tensor image(input, {1, 9, 6, 5, 4}, dtype), target(input, {1, 9, 6, 5, 3}, dtype);
      warp_planes(ctx, normal(input, {1, 12, 10, 7, 4}, 10), normal(input, {1, 12, 10, 7, 3}, 11), warp, {2, 3, 1},
                  image, target);
      std::vector<double> result = to_host_f64(image);
      for (const double v : to_host_f64(target)) result.push_back(v);
      return result;
    });
  }
}

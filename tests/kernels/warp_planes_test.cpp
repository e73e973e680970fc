// Tests resampling of training samples against SciPy, and where nothing or only a flip is asked for.
#include "kernels/warp_planes/warp_planes.h"

#include <algorithm>

#include "tests/support/golden.h"

using namespace revunet;
using revunet::test::Golden;

namespace {

const Golden& golden() {
  static const Golden file("warp_planes.safetensors");
  return file;
}

PlaneWarp golden_warp() {
  PlaneWarp warp;
  warp.flip = {true, false, true};
  std::ranges::copy(golden().values("matrix_f64"), warp.matrix.begin());
  const std::vector<double> displacements = golden().values("displacements_f64"), shift = golden().values("shift");
  for (size_t axis = 0; axis < 2; ++axis) {
    std::copy_n(displacements.begin() + static_cast<std::ptrdiff_t>(9 * axis), 9, warp.deformation[axis].begin());
    warp.deformation[axis] = spline_coefficients(warp.deformation[axis]);
  }
  for (size_t c = 0; c < 4; ++c) warp.shift[c] = static_cast<float>(shift[c]);
  return warp;
}

// Packs the three regions of a golden tensor into one label per voxel, a bit for each. The op moves any bytes alike.
std::vector<uint8_t> packed_labels(const std::string& name) {
  const std::vector<double> regions = golden().values(name);
  std::vector<uint8_t> labels;
  for (size_t i = 0; i < regions.size(); i += 3) {
    labels.push_back(static_cast<uint8_t>(regions[i] + 2 * regions[i + 1] + 4 * regions[i + 2]));
  }
  return labels;
}

std::vector<double> as_doubles(const std::vector<uint8_t>& labels) {
  return {labels.begin(), labels.end()};
}

TensorSpec label_spec(const std::array<int64_t, 3>& size) {
  return {{1, size[0], size[1], size[2], 1}, DType::u8};
}

constexpr std::array<int64_t, 3> kField = {13, 10, 5};

struct Warped {
  Tensor image, labels;
};

Warped warped(const Context& ctx, const PlaneWarp& warp, const std::array<int64_t, 3>& low,
              const std::array<int64_t, 3>& size, DType dtype) {
  const auto [X, Y, Z] = size;
  Warped result{Tensor(ctx, {{1, X, Y, Z, 4}, dtype, Layout::activation}), Tensor(ctx, label_spec(size))};
  const Tensor labels = from_host(ctx, label_spec(kField), packed_labels("regions"));
  warp_planes(ctx, golden().activation(ctx, "image", DType::f32), labels, warp, low, result.image, result.labels);
  return result;
}

// Returns the value of channel c of a (1, X, Y, Z, C) tensor.
double at(const std::vector<double>& values, const std::array<int64_t, 3>& size, int64_t C, int64_t x, int64_t y,
          int64_t z, int64_t c) {
  return values.at(static_cast<size_t>(((x * size[1] + y) * size[2] + z) * C + c));
}

}  // namespace

TEST_CASE("warped planes are SciPy's") {
  Device device;
  const Context ctx{device};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Warped got = warped(ctx, golden_warp(), {}, kField, dtype);
    golden().check_close(got.image, "warped_f64", 4e-7);  // interpolated in f32: four products and their sum
    CHECK(to_host_f64(got.labels) == as_doubles(packed_labels("warped_regions")));
  }
}

TEST_CASE("a window of a warped volume is that part of it") {
  Device device;
  const Context ctx{device};
  const Warped whole = warped(ctx, golden_warp(), {}, kField, DType::f32);
  const std::array<int64_t, 3> low = {4, 1, 2}, size = {6, 7, 3};
  const Warped part = warped(ctx, golden_warp(), low, size, DType::f32);
  const auto image = to_host_f64(whole.image), window = to_host_f64(part.image);
  const auto labels = to_host_f64(whole.labels), label_window = to_host_f64(part.labels);
  for (int64_t x = 0; x < size[0]; ++x)
    for (int64_t y = 0; y < size[1]; ++y)
      for (int64_t z = 0; z < size[2]; ++z) {
        for (int64_t c = 0; c < 4; ++c) {
          REQUIRE(at(window, size, 4, x, y, z, c) == at(image, kField, 4, x + low[0], y + low[1], z + low[2], c));
        }
        REQUIRE(at(label_window, size, 1, x, y, z, 0) == at(labels, kField, 1, x + low[0], y + low[1], z + low[2], 0));
      }
  CHECK_THROWS_AS(warped(ctx, {}, {8, 1, 2}, size, DType::f32), Error);

  Tensor to = whole.image, other(ctx, label_spec(size));
  CHECK_THROWS_WITH(warp_planes(ctx, whole.image, other, {}, {}, to, other),
                    Catch::Matchers::ContainsSubstring("expected labels u8 (1, 13, 10, 5, 1) for an image f32") &&
                        Catch::Matchers::ContainsSubstring("got u8 (1, 6, 7, 3, 1)"));
}

TEST_CASE("without a change a volume stays as it is, to the bit, and a flip mirrors it") {
  Device device;
  const Context ctx{device};
  const auto image = golden().values("image"), labels = as_doubles(packed_labels("regions"));
  const Warped same = warped(ctx, {}, {}, kField, DType::f32);
  CHECK(to_host_f64(same.image) == image);
  CHECK(to_host_f64(same.labels) == labels);
  for (size_t axis = 0; axis < 3; ++axis) {
    PlaneWarp warp;
    warp.flip[axis] = true;
    const Warped got = warped(ctx, warp, {}, kField, DType::f32);
    const auto mirrored = to_host_f64(got.image), mirrored_labels = to_host_f64(got.labels);
    for (int64_t x = 0; x < kField[0]; ++x)
      for (int64_t y = 0; y < kField[1]; ++y)
        for (int64_t z = 0; z < kField[2]; ++z) {
          std::array<int64_t, 3> from = {x, y, z};
          from[axis] = kField[axis] - 1 - from[axis];
          REQUIRE(at(mirrored, kField, 4, x, y, z, 1) == at(image, kField, 4, from[0], from[1], from[2], 1));
          REQUIRE(at(mirrored_labels, kField, 1, x, y, z, 0) == at(labels, kField, 1, from[0], from[1], from[2], 0));
        }
  }
}

TEST_CASE("what comes from outside is background, however far") {
  Device device;
  const Context ctx{device};
  PlaneWarp far;
  far.deformation[0].fill(1e12);  // displaced far outside: constant coefficients give a constant displacement
  far.shift.fill(1);
  const Warped got = warped(ctx, far, {}, kField, DType::f32);
  for (const double v : to_host_f64(got.image)) REQUIRE(v == 0);
  for (const double v : to_host_f64(got.labels)) REQUIRE(v == 0);
}

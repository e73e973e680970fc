// Tests resampling of training samples against SciPy, where nothing or only a flip is asked for, and in the planes of
// each axis.
#include "kernels/warp_planes/warp_planes.h"

#include <algorithm>

#include "engine/rng.h"

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

namespace {

// These sizes are of a volume whose planes are perpendicular to z. A plane has more voxels along its second axis than
// the kernel on the CPU takes at once, and there are more planes than that.
constexpr std::array<int64_t, 3> kTallField = {7, 70, 11}, kTallLow = {1, 2, 1}, kTallWindow = {5, 67, 10};

// Returns the entries of x, y and z as those of the planes' first axis, their second axis and the normal go: z's entry
// comes to the normal, the two others stay in their order.
template <class T>
std::array<T, 3> with_normal(int normal, const std::array<T, 3>& along_z) {
  const auto [a, b, n] = along_z;
  return normal == 0 ? std::array{n, a, b} : normal == 1 ? std::array{a, n, b} : along_z;
}

// Returns values (U, V, N, C) of a volume of `size` with its axes permuted so that N is x (normal 0) or y (normal 1).
template <class T>
std::vector<T> permuted(int normal, const std::vector<T>& values, const std::array<int64_t, 3>& size) {
  const auto [U, V, N] = size;
  const auto C = static_cast<int64_t>(values.size()) / (U * V * N);
  const std::array<int64_t, 3> to = with_normal(normal, size);
  std::vector<T> result(values.size());
  for (int64_t u = 0; u < U; ++u)
    for (int64_t v = 0; v < V; ++v)
      for (int64_t n = 0; n < N; ++n)
        for (int64_t c = 0; c < C; ++c) {
          const auto [x, y, z] = with_normal<int64_t>(normal, {u, v, n});
          result[static_cast<size_t>(((x * to[1] + y) * to[2] + z) * C + c)] =
              values[static_cast<size_t>(((u * V + v) * N + n) * C + c)];
        }
  return result;
}

struct HostVolume {
  std::vector<float> image;
  std::vector<uint8_t> labels;
};

// Returns a window of a volume with 3 channels.
std::pair<std::vector<double>, std::vector<double>> warped(const Context& ctx, const HostVolume& volume,
                                                           const std::array<int64_t, 3>& field, const PlaneWarp& warp,
                                                           const std::array<int64_t, 3>& low,
                                                           const std::array<int64_t, 3>& size) {
  const auto spec = [](const std::array<int64_t, 3>& s) {
    return TensorSpec{{1, s[0], s[1], s[2], 3}, DType::f32, Layout::activation};
  };
  Tensor image(ctx, spec(size)), labels(ctx, label_spec(size));
  warp_planes(ctx, from_host(ctx, spec(field), volume.image), from_host(ctx, label_spec(field), volume.labels), warp,
              low, image, labels);
  return {to_host_f64(image), to_host_f64(labels)};
}

}  // namespace

TEST_CASE("planes perpendicular to x or y are those of the volume with its axes permuted, to the bit") {
  Device device;
  const Context ctx{device};
  Rng rng(5);
  HostVolume along_z;
  for (int64_t voxel = 0; voxel < kTallField[0] * kTallField[1] * kTallField[2]; ++voxel) {
    along_z.labels.push_back(static_cast<uint8_t>(rng.below(5)));
    for (int c = 0; c < 3; ++c) along_z.image.push_back(rng.uniform() < 0.3 ? 0 : static_cast<float>(rng.normal()));
  }
  PlaneWarp warp = golden_warp();
  const bool flipped_normal = GENERATE(false, true);
  warp.flip = {true, false, flipped_normal};
  const auto [image, labels] = warped(ctx, along_z, kTallField, warp, kTallLow, kTallWindow);
  for (const int normal : {0, 1}) {
    CAPTURE(normal, flipped_normal);
    PlaneWarp across = warp;
    across.normal = normal;
    across.flip = with_normal(normal, warp.flip);
    const HostVolume volume = {permuted(normal, along_z.image, kTallField),
                               permuted(normal, along_z.labels, kTallField)};
    const auto [got, got_labels] = warped(ctx, volume, with_normal(normal, kTallField), across,
                                          with_normal(normal, kTallLow), with_normal(normal, kTallWindow));
    CHECK((got == permuted(normal, image, kTallWindow)));
    CHECK((got_labels == permuted(normal, labels, kTallWindow)));
  }
}

TEST_CASE("planes are perpendicular to x, y or z") {
  Device device;
  const Context ctx{device};
  for (const int normal : {-1, 3}) {
    CHECK_THROWS_WITH(
        warped(ctx, {.normal = normal, .flip = {}, .deformation = {}, .shift = {}}, {}, kField, DType::f32),
        Catch::Matchers::ContainsSubstring(
            fmt::format("expected planes perpendicular to axis 0, 1 or 2, got {}", normal)));
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

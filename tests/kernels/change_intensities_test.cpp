// Tests changes of intensities against closed forms, and that they do not change the background.
#include "kernels/change_intensities/change_intensities.h"

#include <cmath>

#include "tests/support/catch.h"

using namespace revunet;

namespace {

constexpr int64_t kX = 7, kY = 6, kZ = 8, kC = 4;

Tensor image_of(const Context& ctx, const std::vector<float>& values) {
  return from_host(ctx.with_tag(Tag::input), {1, kX, kY, kZ, kC}, DType::f32, std::span<const float>(values));
}

// Fills an image with f(x, y, z, c).
template <class F>
std::vector<float> field(F f) {
  std::vector<float> values;
  for (int64_t x = 0; x < kX; ++x)
    for (int64_t y = 0; y < kY; ++y)
      for (int64_t z = 0; z < kZ; ++z)
        for (int64_t c = 0; c < kC; ++c) values.push_back(static_cast<float>(f(x, y, z, c)));
  return values;
}

std::vector<double> changed(const std::vector<float>& values, const IntensityChanges& changes) {
  Device device;
  const Context ctx{device};
  Tensor image = image_of(ctx, values);
  change_intensities(ctx, changes, image);
  return to_host_f64(image);
}

double at(const std::vector<double>& values, int64_t x, int64_t y, int64_t z, int64_t c) {
  return values.at(static_cast<size_t>(((x * kY + y) * kZ + z) * kC + c));
}

}  // namespace

TEST_CASE("brightness, contrast and gamma are their formulas, of their channel, and leave the background") {
  const auto values = field([](int64_t x, int64_t, int64_t z, int64_t c) {
    return c == 1 && z == 0 ? 0 : static_cast<double>(x) - 3 + 0.5 * static_cast<double>(c);
  });
  IntensityChanges changes;
  changes.channels[0] = {.brightness = 1.25f};
  changes.channels[1] = {.contrast = 2, .least = -2, .greatest = 1.5f};
  changes.channels[2] = {.gamma = 2, .least = -4, .greatest = 6};
  changes.channels[3] = {.gamma = 0.5f, .inverted = true, .least = -4, .greatest = 6};
  const auto got = changed(values, changes);
  for (size_t i = 0; i < values.size(); ++i) {
    const double v = values[i], t = (v + 4) / 10;
    const double expected[] = {1.25 * v, std::min(std::max(2 * v, -2.0), 1.5), -4 + 10 * t * t,
                               -4 + 10 * (1 - std::sqrt(1 - t))};
    REQUIRE(got[i] == Approx(v == 0 ? 0 : expected[i % kC]).epsilon(1e-6).margin(1e-6));
  }
  CHECK(changed(values, {}) == std::vector<double>(values.begin(), values.end()));
}

TEST_CASE("noise has its deviation, none in the background, and follows from its key") {
  const auto values = field([](int64_t, int64_t, int64_t z, int64_t) { return z == 3 ? 0 : 10; });
  IntensityChanges changes{.key = 5, .channels = {}};
  for (size_t c = 0; c < kC; ++c) changes.channels[c].noise = 0.5f;
  changes.channels[2].noise = 0;
  std::vector<double> noise;
  for (uint64_t key = 1; key <= 60; ++key) {
    changes.key = key * 1'000'003;
    const auto got = changed(values, changes);
    for (size_t i = 0; i < got.size(); ++i) {
      if (values[i] == 0) REQUIRE(got[i] == 0);
      if (values[i] != 0 && i % kC == 2) REQUIRE(got[i] == 10);
      if (values[i] != 0 && i % kC != 2) noise.push_back((got[i] - 10) / 0.5);
    }
  }
  const auto count = static_cast<double>(noise.size());  // 52920
  double mean = 0, square = 0, fourth = 0;
  for (const double n : noise) mean += n / count, square += n * n / count, fourth += n * n * n * n / count;
  CHECK(std::abs(mean) < 5 / std::sqrt(count));
  CHECK(std::abs(square - 1) < 5 * std::sqrt(2 / count));
  CHECK(std::abs(fourth - 3) < 5 * std::sqrt(96 / count));  // for a normal n, the variance of n^4 is 105 - 9
  CHECK(changed(values, changes) == changed(values, changes));
}

TEST_CASE("a blur spreads a point as a product of Gaussians") {
  const auto values =
      field([](int64_t x, int64_t y, int64_t z, int64_t) { return x == 3 && y == 2 && z == 4 ? 1 : 0; });
  IntensityChanges changes;
  changes.channels[1].blur = 0.8f;
  const auto got = changed(values, changes);
  const auto weight = [](int64_t d) {  // cut off beyond 2.4 voxels
    const auto g = [](double k) { return std::exp(-0.5 * k * k / 0.64); };
    return std::abs(static_cast<double>(d)) > 2.4 ? 0 : g(static_cast<double>(d)) / (1 + 2 * g(1) + 2 * g(2));
  };
  for (int64_t x = 0; x < kX; ++x)
    for (int64_t y = 0; y < kY; ++y)
      for (int64_t z = 0; z < kZ; ++z) {
        REQUIRE(at(got, x, y, z, 1) == Approx(weight(x - 3) * weight(y - 2) * weight(z - 4)).margin(1e-7));
        REQUIRE(at(got, x, y, z, 0) == (x == 3 && y == 2 && z == 4 ? 1 : 0));
      }
}

TEST_CASE("half the resolution is every second voxel, and lines between them") {
  // The 8 voxels along z form cells of two. Their middles lie at 0.5, 2.5, ... and take the values of voxels 1, 3, 5,
  // 7.
  const auto values = field([](int64_t, int64_t, int64_t z, int64_t) { return z * z; });
  IntensityChanges changes;
  changes.channels[0].resolution = 0.5f;
  const auto got = changed(values, changes);
  const double expected[] = {
      1, 1 + 0.25 * 8, 1 + 0.75 * 8, 9 + 0.25 * 16, 9 + 0.75 * 16, 25 + 0.25 * 24, 25 + 0.75 * 24, 49};
  for (int64_t x = 0; x < kX; ++x)
    for (int64_t y = 0; y < kY; ++y)
      for (int64_t z = 0; z < kZ; ++z) {
        REQUIRE(at(got, x, y, z, 0) == Approx(expected[z]).epsilon(1e-6));
        REQUIRE(at(got, x, y, z, 1) == static_cast<double>(z * z));
      }
}

TEST_CASE("changes of intensities refuse what they cannot do") {
  const auto values = field([](int64_t, int64_t, int64_t, int64_t) { return 1; });
  const auto refuses = [&](const IntensityChange& change) {
    IntensityChanges changes;
    changes.channels[1] = change;
    CHECK_THROWS_WITH(changed(values, changes), Catch::Matchers::ContainsSubstring("[change_intensities] expected"));
  };
  refuses({.blur = 1.5f});
  refuses({.resolution = 0});
  refuses({.resolution = 1.5f});
}

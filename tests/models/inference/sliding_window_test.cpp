// Tests prediction by overlapping windows: with networks that see one voxel at a time it is that of the whole volume.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "engine/error.h"
#include "engine/rng.h"
#include "models/inference/sliding_window.h"
#include "tests/support/catch.h"

using namespace revunet;

namespace {

std::vector<float> random_image(const io::Size3& size, int64_t channels) {
  Rng rng(8);
  std::vector<float> image(static_cast<size_t>(size[0] * size[1] * size[2] * channels));
  for (float& v : image) v = static_cast<float>(rng.normal());
  return image;
}

// Maps two channels to three, each voxel by itself.
std::vector<float> pointwise(std::span<const float> seen) {
  std::vector<float> out;
  for (size_t i = 0; i < seen.size(); i += 2) {
    const float a = seen[i], b = seen[i + 1];
    out.insert(out.end(), {1 / (1 + std::exp(-a)), std::sin(a + b), a * b});
  }
  return out;
}

struct Volume {
  io::Size3 size;
  Windows windows;
};
const std::vector<Volume> volumes = {{{8, 8, 8}, {{8, 8, 8}, 0.5}},    {{9, 17, 8}, {{8, 8, 8}, 0.5}},
                                     {{21, 13, 10}, {{6, 4, 10}, 0}},  {{7, 7, 7}, {{1, 1, 1}, 0.5}},
                                     {{13, 11, 12}, {{5, 6, 7}, 0.9}}, {{30, 1, 2}, {{16, 1, 2}, 0.25}}};

}  // namespace

TEST_CASE("windows cover every voxel, evenly spread and overlapping enough", "[windows]") {
  CHECK(window_starts(10, 10, 0.5) == std::vector<int64_t>{0});
  CHECK(window_starts(20, 10, 0.5) == std::vector<int64_t>{0, 5, 10});
  CHECK(window_starts(20, 10, 0) == std::vector<int64_t>{0, 10});
  CHECK(window_starts(21, 10, 0) == std::vector<int64_t>{0, 6, 11});  // 0, 5.5, 11
  CHECK(window_starts(12, 10, 0.5) == std::vector<int64_t>{0, 2});
  CHECK(window_starts(20, 10, 0.8) == std::vector<int64_t>{0, 2, 4, 6, 8, 10});
  CHECK(window_starts(3, 1, 0.99) == std::vector<int64_t>{0, 1, 2});  // a step is a voxel at least
  for (int64_t length = 1; length <= 40; ++length) {
    for (int64_t window = 1; window <= length; ++window) {
      for (const double overlap : {0.0, 0.25, 0.5, 0.8}) {
        const std::vector<int64_t> starts = window_starts(length, window, overlap);
        INFO(length << ", " << window << ", " << overlap);
        REQUIRE(starts.front() == 0);
        REQUIRE(starts.back() == length - window);
        for (size_t i = 1; i < starts.size(); ++i) {
          REQUIRE(starts[i] > starts[i - 1]);
          // Rounding to voxels may take one from the overlap, but never leaves a voxel uncovered.
          const double step = std::max(1.0, static_cast<double>(window) * (1 - overlap));
          REQUIRE(starts[i] - starts[i - 1] <= std::min<int64_t>(static_cast<int64_t>(std::ceil(step)), window));
        }
      }
    }
  }
}

TEST_CASE("importance is a Gaussian of an eighth of the window about its centre", "[windows]") {
  const std::vector<float> w = importance({9, 1, 16});
  REQUIRE(w.size() == 9 * 16);
  const auto at = [&](int64_t x, int64_t z) { return w[static_cast<size_t>(x * 16 + z)]; };
  // In x the centre is 4 and the deviation 9/8; in z the centre is 7.5 and the deviation 2.
  CHECK(at(4, 7) == Approx(std::exp(-0.5 * 0.25 * 0.25)));
  CHECK(at(5, 7) / at(4, 7) == Approx(std::exp(-0.5 * (8.0 / 9) * (8.0 / 9))));
  CHECK(at(4, 9) == Approx(std::exp(-0.5 * 0.75 * 0.75)));
  for (int64_t x = 0; x < 9; ++x) {
    for (int64_t z = 0; z < 16; ++z) {
      CHECK(at(x, z) > 0);  // the corners of a volume have nothing else
      CHECK(at(x, z) == at(8 - x, 15 - z));
    }
  }
  const std::vector<float> large = importance({192, 192, 192});
  CHECK(large[0] > 1e-12f);  // exp(-24)
}

TEST_CASE("a network of single voxels predicts by windows what it predicts at once", "[windows]") {
  for (const Volume& v : volumes) {
    INFO(fmt::format("{} by {}", v.size[0], v.windows.size[0]));
    const std::vector<float> image = random_image(v.size, 2), at_once = pointwise(image);
    const std::vector<float> got = predict_by_windows(image, v.size, 2, 3, v.windows, pointwise);
    REQUIRE(got.size() == at_once.size());
    float largest = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      largest = std::max(largest, std::abs(got[i] - at_once[i]) / std::max(1.0f, std::abs(at_once[i])));
    }
    CHECK(largest <= 5e-6f);  // up to a thousand windows of equal values, summed in f32
    // Weights are normalised, so ones stay exactly ones at every voxel.
    const auto ones = predict_by_windows(image, v.size, 2, 1, v.windows, [](std::span<const float> seen) {
      return std::vector<float>(seen.size() / 2, 1.0f);
    });
    CHECK(ones == std::vector<float>(image.size() / 2, 1.0f));
  }
}

TEST_CASE("voxels that two windows hold are their weighted mean", "[windows]") {
  // Three voxels have windows of two: 0-1 and 1-2. Each window's voxels weigh the same, because they are equally far
  // from its centre. The first window says 1, the second 4.
  float says = -2;
  const auto got = predict_by_windows(std::vector<float>(3), {3, 1, 1}, 1, 1, {{2, 1, 1}, 0.5},
                                      [&](std::span<const float>) { return std::vector<float>(2, says += 3); });
  CHECK(got == std::vector<float>{1, 2.5, 4});
  // With a single window the result is its own.
  const auto one =
      predict_by_windows(std::vector<float>{0, 3, 0}, {3, 1, 1}, 1, 1, {{3, 1, 1}, 0.5},
                         [](std::span<const float> seen) { return std::vector<float>(seen.begin(), seen.end()); });
  CHECK(one == std::vector<float>{0, 3, 0});
}

TEST_CASE("where windows overlap, the one whose centre is nearer counts more, by its Gaussian", "[windows]") {
  // Six voxels have windows of four, at 0 and 2. The deviation is half a voxel, and centres are at 1.5 and 3.5. Voxel 2
  // is 0.5 and 1.5 from them, which is one and three deviations. exp(-1/2) = 0.60653 and exp(-9/2) = 0.01111 weigh 0
  // and 1: 0.01111 / 0.61764 = 1 / (1 + exp(4)) = 0.01799. Voxel 3 is its mirror image.
  const size_t axis = GENERATE(0, 1, 2);
  io::Size3 size = {1, 1, 1}, window = {1, 1, 1};
  size[axis] = 6;
  window[axis] = 4;
  float says = -1;
  const auto two = predict_by_windows(std::vector<float>(6), size, 1, 1, {window, 0.5},
                                      [&](std::span<const float>) { return std::vector<float>(4, says += 1); });
  const std::vector<double> expected = {0, 0, 0.017986209962, 0.982013790038, 1, 1};
  REQUIRE(two.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) CHECK(two[i] == Approx(expected[i]).margin(1e-6));

  // Five voxels have windows of three, at 0 and 2. Only voxel 2 is in both, at the same distance from either centre.
  io::Size3 five = {1, 1, 1}, three = {1, 1, 1};
  five[axis] = 5;
  three[axis] = 3;
  says = -1;
  const auto shared = predict_by_windows(std::vector<float>(5), five, 1, 1, {three, 0.25},
                                         [&](std::span<const float>) { return std::vector<float>(3, says += 1); });
  CHECK(shared == std::vector<float>{0, 0, 0.5, 1, 1});
}

TEST_CASE("windows that do not fit are refused", "[windows]") {
  const std::vector<float> image(8);
  const auto same = [](std::span<const float> seen) { return std::vector<float>(seen.begin(), seen.end()); };
  CHECK_THROWS_AS(predict_by_windows(image, {2, 2, 2}, 1, 1, {{3, 2, 2}, 0.5}, same), Error);
  CHECK_THROWS_AS(predict_by_windows(image, {2, 2, 3}, 1, 1, {{2, 2, 2}, 0.5}, same), Error);
  CHECK_THROWS_AS(predict_by_windows(image, {2, 2, 2}, 1, 1, {{2, 2, 2}, 1}, same), Error);
  CHECK_THROWS_AS(predict_by_windows(image, {2, 2, 2}, 1, 3, {{2, 2, 2}, 0.5}, same), Error);
}

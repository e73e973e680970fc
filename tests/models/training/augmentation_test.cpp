// Tests random changes of training samples: their ranges, how often they happen, and where patches lie after them.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "models/training/samples/samples.h"
#include "tests/support/catch.h"

using namespace revunet;

namespace {

struct Extremes {
  double least = 1e300, greatest = -1e300;
  void add(double x) {
    least = std::min(least, x);
    greatest = std::max(greatest, x);
  }
};

void expect_filled(const Extremes& drawn, double low, double high) {
  const double rounding = 1e-7 * (high - low), near = 0.01 * (high - low);
  CHECK(drawn.least >= low - rounding);
  CHECK(drawn.least < low + near);
  CHECK(drawn.greatest <= high + rounding);
  CHECK(drawn.greatest > high - near);
}

// Returns values at the control points of the cubic B-spline with these coefficients, mirrored at the border. Along a
// line they are (c[i - 1] + 4 c[i] + c[i + 1]) / 6, with c[-1] = c[1] and c[3] = c[1].
std::array<double, 9> at_control_points(const std::array<double, 9>& coefficients) {
  constexpr std::array<std::array<double, 3>, 3> line = {{{4, 2, 0}, {1, 4, 1}, {0, 2, 4}}};
  std::array<double, 9> values{};
  for (size_t i = 0; i < 9; ++i)
    for (size_t j = 0; j < 9; ++j) values[i] += line[i / 3][j / 3] * line[i % 3][j % 3] * coefficients[j] / 36;
  return values;
}

}  // namespace

TEST_CASE("draws of augmentation fill their ranges, and follow from seed, epoch and case", "[train]") {
  // These bounds differ from their reciprocals, so that factors of sizes and of coordinates are not confused.
  const AugmentationRanges ranges{.rotation = 30, .scale_low = 0.5, .scale_high = 1.1, .deformation = 0};
  Extremes angle, scale;
  std::array<Extremes, 4> shift;
  std::array<int, 3> flips{};
  constexpr int draws = 2000;
  const double degree = std::acos(-1.0) / 180;
  for (size_t i = 0; i < draws; ++i) {
    Rng rng = augmentation_rng(1, 1, i);
    const PlaneWarp warp = draw_warp(ranges, 4, rng);
    const auto& m = warp.matrix;
    const double factor = std::hypot(m[0], m[2]);  // a rotation times the inverse scale
    CHECK(m[0] == m[3]);
    CHECK(m[1] == -m[2]);
    angle.add(std::atan2(m[2], m[0]) / degree);
    scale.add(1 / factor);
    for (size_t axis = 0; axis < 3; ++axis) flips[axis] += warp.flip[axis];
    for (size_t c = 0; c < 4; ++c) shift[c].add(warp.shift[c]);
    CHECK(warp.deformation == decltype(warp.deformation){});
  }
  // The chance that an end of a uniform range is missed by more than 1 % is e^-20.
  expect_filled(angle, -30, 30);
  expect_filled(scale, 0.5, 1.1);
  for (const Extremes& of_modality : shift) expect_filled(of_modality, -0.1, 0.1);
  for (const int count : flips) CHECK(std::abs(count - draws / 2) < 5 * std::sqrt(draws / 4.0));

  const auto first = [&](uint64_t seed, int64_t epoch, size_t index) {
    return augmentation_rng(seed, epoch, index).next();
  };
  CHECK(first(1, 2, 3) == first(1, 2, 3));
  CHECK(std::set<uint64_t>{first(1, 2, 3), first(2, 2, 3), first(1, 3, 3), first(1, 2, 4), first(1, 3, 2)}.size() == 5);
}

TEST_CASE("axes that may not be flipped and another plane leave all other draws as they are", "[train]") {
  const AugmentationRanges any;
  AugmentationRanges some = any;
  some.flip_axes = {true, false, false};
  some.plane_normal = 1;
  int forbidden = 0;
  for (size_t i = 0; i < 100; ++i) {
    Rng rng = augmentation_rng(1, 1, i), same = rng;
    PlaneWarp expected = draw_warp(any, 4, rng);
    const PlaneWarp got = draw_warp(some, 4, same);
    CHECK((expected.normal == 2 && got.normal == 1));
    CHECK(got.flip == std::array{expected.flip[0], false, false});
    forbidden += expected.flip[1] || expected.flip[2];
    CHECK(got.matrix == expected.matrix);
    CHECK(got.deformation == expected.deformation);
    CHECK(got.shift == expected.shift);
    CHECK(rng.next() == same.next());  // what follows is the same too
  }
  CHECK(forbidden > 0);
}

TEST_CASE("displacements at the control points are independent, normal by mean and deviation", "[train]") {
  const AugmentationRanges ranges{.deformation = 10};
  constexpr size_t points = 18, draws = 4000;  // of d_x, then of d_y
  std::array<double, points> sum{};
  std::array<std::array<double, points>, points> products{};
  for (size_t draw = 0; draw < draws; ++draw) {
    Rng rng = augmentation_rng(2, 1, draw);
    const PlaneWarp warp = draw_warp(ranges, 4, rng);
    std::array<double, points> d{};
    for (size_t i = 0; i < points; ++i) d[i] = at_control_points(warp.deformation[i / 9])[i % 9];
    for (size_t i = 0; i < points; ++i) {
      sum[i] += d[i];
      for (size_t j = 0; j <= i; ++j) products[i][j] += d[i] * d[j];
    }
  }
  constexpr double n = draws;
  for (size_t i = 0; i < points; ++i) {
    INFO("point " << i);
    CHECK(std::abs(sum[i] / n) < 5 * 10 / std::sqrt(n));
    CHECK(std::abs(products[i][i] / n - 100) < 5 * 100 * std::sqrt(2 / n));  // the variance of a normal's square
    for (size_t j = 0; j < i; ++j) CHECK(std::abs(products[i][j] / n) < 5 * 100 / std::sqrt(n));
  }
}

TEST_CASE("changes of intensities happen as often as in nnU-Net, within its ranges", "[train]") {
  std::array<io::ModalityStatistics, 4> statistics{};
  statistics.fill({.count = 10, .mean = 100, .deviation = 20, .least = 40, .greatest = 200});
  constexpr int draws = 20000;
  std::map<std::string, int> counts;
  for (size_t i = 0; i < draws; ++i) {
    Rng rng = augmentation_rng(3, 1, i);
    const IntensityChanges changes = draw_intensities(statistics, rng);
    const IntensityChange& c = changes.channels[i % 4];
    counts["noise"] += c.noise > 0;
    counts["blur"] += c.blur > 0;
    counts["brightness"] += c.brightness != 1;
    counts["contrast"] += c.contrast != 1;
    counts["resolution"] += c.resolution != 1;
    counts["gamma"] += c.gamma != 1;
    counts["gamma below 1"] += c.gamma < 1;
    counts["inverted"] += c.inverted;
    CHECK((c.noise >= 0 && c.noise <= 0.1f));
    CHECK((c.blur == 0 || (c.blur >= 0.5f && c.blur <= 1)));
    CHECK((c.brightness >= 0.75f && c.brightness <= 1.25f && c.contrast >= 0.75f && c.contrast <= 1.25f));
    CHECK((c.resolution >= 0.5f && c.resolution <= 1 && c.gamma >= 0.7f && c.gamma <= 1.5f));
    CHECK(c.least == Approx(-3 * c.brightness));  // (40 - 100) / 20
    CHECK(c.greatest == Approx(5 * c.brightness));
  }
  const std::map<std::string, double> shares = {{"noise", 0.1},
                                                {"blur", 0.1},
                                                {"brightness", 0.15},
                                                {"contrast", 0.15},
                                                {"gamma", 0.1 + 0.9 * 0.3},
                                                {"resolution", 0.125},
                                                {"inverted", 0.1},
                                                {"gamma below 1", 0.5 * (0.1 + 0.9 * 0.3)}};
  for (const auto& [what, share] : shares) {
    INFO(what);
    CHECK(std::abs(counts[what] - share * draws) < 5 * std::sqrt(share * (1 - share) * draws));
  }
}

TEST_CASE("patches of an augmented case are put where the warp moves the tumour", "[train]") {
  // The planes have 12 x 10 voxels, and there are 8 of them. The tumour is at (3, 7) of plane 2.
  struct Planes {
    int normal;
    io::Size3 size, tumour, moved, window;
    std::array<bool, 3> flip;
  };
  // A quarter turn about the plane's centre (5.5, 4.5), and flips along the plane's first axis and the normal. A place
  // p of the output, mirrored to p', takes (5.5 - (p'_v - 4.5), 4.5 + (p'_u - 5.5)): (3, 7) is p' = (8, 7), so p is
  // (12 - 1 - 8, 7) of plane 8 - 1 - 2.
  const Planes planes = GENERATE(Planes{2, {12, 10, 8}, {3, 7, 2}, {3, 7, 5}, {4, 6, 2}, {true, false, true}},
                                 Planes{1, {12, 8, 10}, {3, 2, 7}, {3, 5, 7}, {4, 2, 6}, {true, true, false}},
                                 Planes{0, {8, 12, 10}, {2, 3, 7}, {5, 3, 7}, {2, 4, 6}, {true, true, false}});
  CAPTURE(planes.normal);
  const auto& [normal, case_size, tumour, moved, window_size, flip] = planes;
  const auto c = std::make_shared<io::Preprocessed>();
  c->task = io::brats_task();
  c->placement.size = case_size;
  c->labels.resize(12 * 10 * 8);
  c->image.resize(c->labels.size() * 4);
  c->labels[static_cast<size_t>((tumour[0] * case_size[1] + tumour[1]) * case_size[2] + tumour[2])] = 4;
  PlaneWarp warp;
  warp.normal = normal;
  warp.matrix = {0, -1, 1, 0};
  warp.flip = flip;
  for (uint64_t draw = 0; draw < 200; ++draw) {
    const Sample sample = augmented_sample(c, warp, {.size = window_size, .foreground = 1}, Rng(1, draw));
    REQUIRE(sample.voxels.window);
    const SampleWindow& window = *sample.voxels.window;
    CHECK(sample.voxels.size == case_size);
    CHECK(window.size == window_size);
    for (size_t i = 0; i < 3; ++i) {
      CHECK(window.low[i] <= moved[i]);
      CHECK(moved[i] < window.low[i] + window_size[i]);
    }
  }
}

// The values are by hand: 100 cos 15 + 50 sin 15 = 109.53 and 50 cos 15 + 100 sin 15 = 74.18; the diagonal is 111.80.
TEST_CASE("what surrounds a patch holds all that its augmentation reads", "[train]") {
  AugmentationRanges ranges{.rotation = 0, .scale_low = 1, .scale_high = 1, .deformation = 0};
  const io::Size3 patch = {100, 50, 20};
  CHECK(size_around(patch, ranges) == patch);
  ranges.rotation = 15;
  CHECK(size_around(patch, ranges) == io::Size3{110, 75, 20});
  ranges.rotation = 90;
  CHECK(size_around(patch, ranges) == io::Size3{112, 112, 20});
  ranges.scale_low = 0.8;
  ranges.deformation = 2;
  CHECK(size_around(patch, ranges) == io::Size3{148, 148, 20});  // 111.80 / 0.8 = 139.75, and 4 to each side
  ranges.plane_normal = 0;
  ranges.rotation = 0;
  ranges.scale_low = 1.25;
  CHECK(size_around(patch, ranges) == io::Size3{100, 50, 24});  // never less than the patch: 40 + 8, 16 + 8
}

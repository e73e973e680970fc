// Random changes of training samples: their ranges, how often they happen, and where patches lie after them.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "tools/train/samples.h"

using namespace revunet;
using namespace revunet::tools;

namespace {

constexpr io::Size3 volume = {12, 10, 8}, patch = {4, 6, 2};

}  // namespace

TEST_CASE("draws of augmentation are within their ranges, and follow from seed, epoch and case", "[train]") {
  const AugmentationRanges ranges{.rotation = 30, .scale_low = 0.8, .scale_high = 1.25, .deformation = 0};
  double most_angle = 0, least_scale = 10, most_scale = 0;
  std::array<int, 3> flips{};
  constexpr int draws = 2000;
  for (size_t i = 0; i < draws; ++i) {
    Rng rng = augmentation_rng(1, 1, i);
    const PlaneWarp warp = draw_warp(ranges, rng);
    const auto& m = warp.matrix;
    const double factor = std::hypot(m[0], m[2]);  // a rotation times the inverse scale
    CHECK(m[0] == m[3]);
    CHECK(m[1] == -m[2]);
    most_angle = std::max(most_angle, std::abs(std::atan2(m[2], m[0])));
    least_scale = std::min(least_scale, 1 / factor);
    most_scale = std::max(most_scale, 1 / factor);
    for (size_t axis = 0; axis < 3; ++axis) flips[axis] += warp.flip[axis];
    for (size_t c = 0; c < 4; ++c) CHECK(std::abs(warp.shift[c]) <= 0.1f);
  }
  const double degree = std::acos(-1.0) / 180;
  CHECK(most_angle <= 30 * degree);
  CHECK(most_angle > 29.5 * degree);
  CHECK(least_scale >= 0.8 - 1e-12);
  CHECK(least_scale < 0.81);
  CHECK(most_scale <= 1.25 + 1e-12);
  CHECK(most_scale > 1.24);
  for (const int count : flips) CHECK(std::abs(count - draws / 2) < 5 * std::sqrt(draws / 4.0));

  const auto first = [&](uint64_t seed, int64_t epoch, size_t index) {
    return augmentation_rng(seed, epoch, index).next();
  };
  CHECK(first(1, 2, 3) == first(1, 2, 3));
  CHECK(std::set<uint64_t>{first(1, 2, 3), first(2, 2, 3), first(1, 3, 3), first(1, 2, 4), first(1, 3, 2)}.size() == 5);
}

TEST_CASE("changes of intensities happen as often as in nnU-Net, within its ranges", "[train]") {
  std::array<io::ModalityStatistics, 4> statistics{};
  statistics.fill({.nonzero = 10, .mean = 100, .deviation = 20, .least = 40, .greatest = 200});
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
    counts["inverted"] += c.inverted;
    CHECK((c.noise >= 0 && c.noise <= 0.1f));
    CHECK((c.blur == 0 || (c.blur >= 0.5f && c.blur <= 1)));
    CHECK((c.brightness >= 0.75f && c.brightness <= 1.25f && c.contrast >= 0.75f && c.contrast <= 1.25f));
    CHECK((c.resolution >= 0.5f && c.resolution <= 1 && c.gamma >= 0.7f && c.gamma <= 1.5f));
    CHECK(c.least == Approx(-3 * c.brightness));  // (40 - 100) / 20
    CHECK(c.greatest == Approx(5 * c.brightness));
  }
  const std::map<std::string, double> shares = {
      {"noise", 0.1},        {"blur", 0.1},    {"brightness", 0.15}, {"contrast", 0.15}, {"gamma", 0.1 + 0.9 * 0.3},
      {"resolution", 0.125}, {"inverted", 0.1}};
  for (const auto& [what, share] : shares) {
    INFO(what);
    CHECK(std::abs(counts[what] - share * draws) < 5 * std::sqrt(share * (1 - share) * draws));
  }
}

TEST_CASE("patches of an augmented case are put where the warp moves the tumour", "[train]") {
  io::Preprocessed c;
  c.placement.size = volume;
  c.labels.resize(12 * 10 * 8);
  c.image.resize(c.labels.size() * 4);
  c.labels[(3 * 10 + 7) * 8 + 2] = 4;
  PlaneWarp warp;  // a quarter turn about the plane's centre (5.5, 4.5), and flips
  warp.matrix = {0, -1, 1, 0};
  warp.flip = {true, false, true};
  // A place p of the output, mirrored to p', takes (5.5 - (p'_y - 4.5), 4.5 + (p'_x - 5.5)): (3, 7) is p' = (8, 7).
  const io::Size3 moved = {12 - 1 - 8, 7, 8 - 1 - 2};
  for (uint64_t draw = 0; draw < 200; ++draw) {
    const Sample sample = augmented_sample(c, warp, patch, 1, Rng(1, draw));
    REQUIRE(sample.window);
    CHECK(sample.size == volume);
    CHECK(sample.window->size == patch);
    for (size_t i = 0; i < 3; ++i) {
      CHECK(sample.window->low[i] <= moved[i]);
      CHECK(moved[i] < sample.window->low[i] + patch[i]);
    }
  }
}

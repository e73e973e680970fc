// Tests the scores of BraTS 2026 against the output of the challenge's package (golden file), and worked out by hand.
#include <cmath>
#include <numeric>
#include <random>

#include "engine/error.h"
#include "io/scores/scoring.h"
#include "tests/io/mask_shapes.h"
#include "tests/support/catch.h"
#include "tests/support/near.h"

using namespace revunet;
using namespace revunet::io;
using namespace revunet::test;

namespace {

constexpr double golden_tolerance = 1e-12;  // golden numbers are printed in full: only the order of additions differs
constexpr Index3 drawn_size = {12, 10, 8};

struct Masks {
  std::vector<uint8_t> reference, prediction;
};

// Draws masks as make_brats2026.py says.
Masks drawn(const nlohmann::json& row) {
  std::mt19937 random(row.at("seed").get<unsigned>());
  const auto below = [&](const char* name) {
    return
        [&random, limit = row.at(name).get<unsigned>()](int64_t, int64_t, int64_t) { return random() % 100 < limit; };
  };
  const Index3 half = {drawn_size[0] / 2, drawn_size[1] / 2, drawn_size[2] / 2};
  const std::vector<uint8_t> blocks = mask_of(half, below("blocks")), flips = mask_of(drawn_size, below("noise"));
  const auto shift = row.at("shift").get<int64_t>();
  const auto inside = [&](int64_t x, int64_t y, int64_t z) {
    return x >= 0 && blocks[x / 2 + half[0] * (y / 2 + half[1] * (z / 2))] != 0;
  };
  Masks masks = {mask_of(drawn_size, inside), mask_of(drawn_size, [&](int64_t x, int64_t y, int64_t z) {
                   return inside(x - shift, y, z) != (flips[x + drawn_size[0] * (y + drawn_size[1] * z)] != 0);
                 })};
  const auto empty = row.at("empty").get<std::string>();
  if (empty.find("reference") != empty.npos) masks.reference.assign(masks.reference.size(), 0);
  if (empty.find("prediction") != empty.npos) masks.prediction.assign(masks.prediction.size(), 0);
  return masks;
}

void check_golden(double got, const nlohmann::json& expected) {
  if (expected.is_null()) {
    CHECK(std::isnan(got));
  } else if (expected == "inf") {  // where no lesion is matched, the package leaves it infinite: docs/evaluation.md
    CHECK(got == 373);
  } else {
    CHECK(got == near(expected.get<double>(), golden_tolerance));
  }
}

LesionMetrics lesions_of(const Inside& reference, const Inside& prediction, const MatchedLesionRules& rules = {}) {
  const Index3 grid = {60, 20, 20};
  return compare_matched_lesions(mask_of(grid, reference), mask_of(grid, prediction), grid, {1, 1, 1}, rules);
}

}  // namespace

TEST_CASE("scores of random masks equal those of BraTS-evaluation", "[lesions][metrics]") {
  const nlohmann::json rows = read_golden("brats2026.json").at("rows");
  CHECK(rows.size() == 21);
  const ScoreOptions options = score_options_of({.scoring = Scoring::brats2026});
  int64_t matched = 0;
  for (const auto& row : rows) {
    INFO(row);
    const Masks masks = drawn(row);
    REQUIRE(std::accumulate(masks.reference.begin(), masks.reference.end(), 0) == row.at("voxels")[0]);
    REQUIRE(std::accumulate(masks.prediction.begin(), masks.prediction.end(), 0) == row.at("voxels")[1]);
    const auto spacing = row.at("spacing").get<Spacing3>();
    const MaskMetrics whole = compare_masks(masks.reference, masks.prediction, drawn_size, spacing, options.masks);
    const nlohmann::json& glioma = row.at("glioma");
    check_golden(whole.dice, glioma.at("global_dsc"));
    check_golden(whole.nsd.at(0), glioma.at("global_nsd"));
    check_golden(whole.hd95, glioma.at("global_hd95"));
    const LesionMetrics lesions =
        compare_matched_lesions(masks.reference, masks.prediction, drawn_size, spacing, options.matched.value());
    CHECK(lesions.found == glioma.at("all_instance_tp"));
    CHECK(lesions.missed == glioma.at("all_instance_fn"));
    CHECK(lesions.false_positives == glioma.at("all_instance_fp"));
    check_golden(f1_of(lesions), glioma.at("all_instance_f1"));
    check_golden(lesions.dice, glioma.at("lesionwise_dsc_mean"));
    check_golden(lesions.nsd.at(0), glioma.at("lesionwise_nsd_mean"));
    check_golden(lesions.hd95, glioma.at("lesionwise_hd95_mean"));
    matched += lesions.found;
    for (const nlohmann::json& of_volume : row.at("metastases")) {
      const MatchedLesionRules rules = {.min_volume = of_volume.at("volume").get<double>()};
      const LesionMetrics got = compare_matched_lesions(masks.reference, masks.prediction, drawn_size, spacing, rules);
      check_golden(got.dice, of_volume.at("lesionwise_dsc_mean"));
      check_golden(got.nsd.at(0), of_volume.at("lesionwise_nsd_mean"));
      check_golden(got.hd95, of_volume.at("lesionwise_hd95_mean"));
    }
  }
  CHECK(matched >= 39);  // so that pairs were compared
}

// By hand: lesions of 4^3. The first is found one voxel aside (Dice 0.75, HD95 1, all edges within 1 mm), the second is
// missed, and a voxel is invented.
TEST_CASE("pairs alone are scored, and for metastases what has no partner too", "[lesions]") {
  const Inside reference = either_of(cube({2, 8, 8}, 4), cube({25, 8, 8}, 4));
  const Inside prediction = either_of(cube({3, 8, 8}, 4), cube({50, 8, 8}, 1));
  const LesionMetrics pairs = lesions_of(reference, prediction);
  CHECK((pairs.found == 1 && pairs.missed == 1 && pairs.false_positives == 1 && pairs.ignored == 0));
  CHECK((pairs.dice == 0.75 && pairs.hd95 == 1 && pairs.nsd == std::vector<double>{1}));
  CHECK(f1_of(pairs) == 0.5);
  const LesionMetrics all = lesions_of(reference, prediction, {.min_volume = 64});
  CHECK((all.found == 1 && all.missed == 1 && all.false_positives == 1 && all.ignored == 0));
  CHECK(all.dice == near(0.75 / 3, golden_tolerance));
  CHECK(all.hd95 == near((1 + 373.0 + 373.0) / 3, golden_tolerance));
  const LesionMetrics none = lesions_of(reference, prediction, {.min_volume = 65});
  CHECK((none.found == 1 && none.ignored == 2 && std::isnan(none.dice) && std::isnan(none.hd95)));
  CHECK_THROWS_AS(lesions_of(reference, prediction, {.min_volume = -1}), Error);
}

// By hand: one predicted component over two lesions of 64 voxels is the partner of one of them, 2 * 64 / (64 + 608).
TEST_CASE("a component that covers two lesions finds one of them", "[lesions]") {
  const LesionMetrics got =
      lesions_of(either_of(cube({10, 8, 8}, 4), cube({44, 8, 8}, 4)), block({10, 8, 8}, {38, 4, 4}));
  CHECK((got.found == 1 && got.missed == 1 && got.false_positives == 0));
  CHECK(got.dice == near(128.0 / 672, golden_tolerance));
}

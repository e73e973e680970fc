// Tests lesion-wise scores of hand-made masks, worked out by hand.
#include "io/scores/lesions.h"

#include "engine/error.h"
#include "tests/io/mask_shapes.h"
#include "tests/support/catch.h"
#include "tests/support/near.h"

using namespace revunet;
using namespace revunet::io;
using namespace revunet::test;

namespace {

constexpr double lesion_tolerance = 1e-12;
constexpr Index3 grid_size = {60, 20, 20};

LesionMetrics compare_shapes(const Inside& reference, const Inside& prediction, const LesionRules& rules = {},
                             const Spacing3& spacing = {1, 1, 1}, const MaskRules& masks = {.hd95 = Hd95::surfel}) {
  return compare_lesions(mask_of(grid_size, reference), mask_of(grid_size, prediction), grid_size, spacing, rules,
                         masks);
}

Inside nothing() {
  return [](int64_t, int64_t, int64_t) { return false; };
}

}  // namespace

TEST_CASE("each lesion counts the same, missed and made-up ones as the worst", "[lesions]") {
  // Lesions are 4^3 = 64 mm^3. The first is predicted one voxel aside: 48 of 64 in common, Dice 0.75. Its HD95 is 1 by
  // any definition, because all distances are 0 or 1 and the two faces across x are more than 5 % of the surface. The
  // second lesion is missed. A third component, of one voxel, is invented.
  const Inside reference = either_of(cube({2, 8, 8}, 4), cube({25, 8, 8}, 4));
  const Inside prediction = either_of(cube({3, 8, 8}, 4), cube({50, 8, 8}, 1));
  for (const Hd95 definition : {Hd95::pooled, Hd95::max, Hd95::surfel}) {
    const LesionMetrics got = compare_shapes(reference, prediction, {}, {1, 1, 1}, {.hd95 = definition});
    CHECK(got.found == 1);
    CHECK(got.missed == 1);
    CHECK(got.false_positives == 1);
    CHECK(got.ignored == 0);
    CHECK(got.dice == near((0.75 + 0 + 0) / 3, lesion_tolerance));
    CHECK(got.hd95 == near((1 + 374.0 + 374.0) / 3, lesion_tolerance));
  }
}

TEST_CASE("pieces that grow together are one lesion", "[lesions]") {
  // There are two cubes of 64 mm^3 with `gap` voxels of background between, and the first one alone is predicted,
  // exactly. Dilated by 3 each, they touch up to a gap of 6. As one lesion they score 2 * 64 / (128 + 64) = 2/3. As two
  // they score (1 + 0) / 2, and 374 / 2.
  for (const int64_t gap : {6, 7}) {
    const Inside first = cube({10, 8, 8}, 4);
    const LesionMetrics got = compare_shapes(either_of(first, cube({14 + gap, 8, 8}, 4)), first);
    INFO("gap " << gap);
    CHECK(got.found == 1);
    CHECK(got.missed == (gap == 6 ? 0 : 1));
    CHECK(got.dice == near(gap == 6 ? 2.0 / 3 : 0.5, lesion_tolerance));
    if (gap == 7) CHECK(got.hd95 == near(374.0 / 2, lesion_tolerance));
    // Dilated once, they touch up to a gap of 2.
    CHECK(compare_shapes(either_of(first, cube({14 + gap, 8, 8}, 4)), first, {1, 50}).missed == 1);
  }
  const Inside pair = either_of(cube({10, 8, 8}, 4), cube({16, 8, 8}, 4));
  CHECK(compare_shapes(pair, pair, {1, 50}).found == 1);
  CHECK(compare_shapes(pair, pair, {0, 50}).found == 2);
}

TEST_CASE("growth is by 18 neighbours: not along space diagonals", "[lesions]") {
  // There is a lesion of 64 mm^3 with its last corner at (13, 11, 11), and a predicted voxel d away along the diagonal.
  // Dilating three times reaches (d, d, d) while 3 d <= 6: two voxels, and the third is a false positive.
  const Inside lesion = cube({10, 8, 8}, 4);
  CHECK(compare_shapes(lesion, cube({15, 13, 13}, 1)).false_positives == 0);
  CHECK(compare_shapes(lesion, cube({16, 14, 14}, 1)).false_positives == 1);
  CHECK(compare_shapes(lesion, cube({16, 11, 11}, 1)).false_positives == 0);  // three voxels along x
  CHECK(compare_shapes(lesion, cube({16, 14, 11}, 1)).false_positives == 0);  // along a face's diagonal
  CHECK(compare_shapes(lesion, cube({17, 11, 11}, 1)).false_positives == 1);
}

TEST_CASE("all predicted components that touch a lesion are one prediction of it", "[lesions]") {
  // A lesion of 10 x 4 x 4 = 160 is predicted as two parts of 4 x 4 x 4, two voxels apart: 128 in common, 2 * 128 /
  // (160 + 128).
  const LesionMetrics halves =
      compare_shapes(block({10, 8, 8}, {10, 4, 4}), either_of(cube({10, 8, 8}, 4), cube({16, 8, 8}, 4)));
  CHECK(halves.found == 1);
  CHECK(halves.false_positives == 0);
  CHECK(halves.dice == near(256.0 / 288, lesion_tolerance));
  // One component over two lesions, 64 each and 30 apart, is the prediction of both: 4 x 4 x 38 = 608.
  const LesionMetrics bridge =
      compare_shapes(either_of(cube({10, 8, 8}, 4), cube({44, 8, 8}, 4)), block({10, 8, 8}, {38, 4, 4}));
  CHECK(bridge.found == 2);
  CHECK(bridge.dice == near(2 * 64.0 / (64 + 608), lesion_tolerance));
}

TEST_CASE("small lesions are not scored, and what finds them is no false positive", "[lesions]") {
  const Inside small = block({2, 8, 8}, {5, 5, 2});  // 50 mm^3: the limit itself is too small
  const Inside large = cube({30, 8, 8}, 4);
  const LesionMetrics found = compare_shapes(either_of(small, large), either_of(small, large));
  CHECK(found.ignored == 1);
  CHECK(found.found == 1);
  CHECK(found.false_positives == 0);
  CHECK(found.dice == 1);
  CHECK(found.hd95 == 0);
  const LesionMetrics missed = compare_shapes(either_of(small, large), large);
  CHECK(missed.ignored == 1);
  CHECK(missed.missed == 0);
  CHECK(missed.dice == 1);
  // Volumes are in mm^3: at half the spacing along z, the lesion of 64 voxels has 32.
  CHECK(compare_shapes(large, large, {}, {1, 1, 0.5}).ignored == 1);
  CHECK(compare_shapes(large, large, {3, 31}, {1, 1, 0.5}).found == 1);
}

TEST_CASE("without lesions and without false positives a case is perfect", "[lesions]") {
  const LesionMetrics empty = compare_shapes(nothing(), nothing());
  CHECK((empty.dice == 1 && empty.hd95 == 0));
  const LesionMetrics only_small = compare_shapes(cube({8, 8, 8}, 3), nothing());
  CHECK((only_small.dice == 1 && only_small.hd95 == 0 && only_small.ignored == 1));
  const LesionMetrics made_up = compare_shapes(nothing(), cube({8, 8, 8}, 4));
  CHECK((made_up.dice == 0 && made_up.hd95 == 374 && made_up.false_positives == 1));
  const LesionMetrics missed = compare_shapes(cube({8, 8, 8}, 4), nothing());
  CHECK((missed.dice == 0 && missed.hd95 == 374 && missed.missed == 1));
}

TEST_CASE("lesions at the image's edge are scored as elsewhere, and rules below zero are refused", "[lesions]") {
  const Inside corner = cube({0, 0, 0}, 4);
  const LesionMetrics got = compare_shapes(corner, corner);
  CHECK((got.found == 1 && got.dice == 1 && got.hd95 == 0));
  CHECK_THROWS_AS(compare_shapes(corner, corner, {-1, 50}), Error);
  CHECK_THROWS_AS(compare_shapes(corner, corner, {3, -1}), Error);
}

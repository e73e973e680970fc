// Tests NSD by its two definitions against closed forms, DeepMind's surface-distance and panoptica (golden file).
#include "io/scores/surface_dice.h"

#include "io/scores/lesions.h"
#include "tests/io/mask_shapes.h"
#include "tests/support/catch.h"
#include "tests/support/near.h"

using namespace revunet;
using namespace revunet::io;
using namespace revunet::test;

namespace {

// The golden numbers are doubles printed in full. Areas of surface-distance come from a table of nine digits or more.
constexpr double edge_tolerance = 1e-12, surfel_tolerance = 1e-9;

double nsd_of(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b, const Index3& size, const Spacing3& spacing,
              double tolerance, Nsd definition) {
  return surface_dice(surface_distances(a, b, size, spacing, surface_of(definition)), tolerance, definition);
}

}  // namespace

TEST_CASE("NSD of random masks equals surface-distance's and panoptica's", "[metrics]") {
  const Index3& size = RandomMasks::size;
  const nlohmann::json rows = read_golden("nsd_random.json").at("rows");
  CHECK(rows.size() == 12);
  for (const auto& row : rows) {
    const auto [a, b] = RandomMasks(row);
    const auto spacing = row.at("spacing").get<Spacing3>();
    const auto tolerances = row.at("tolerances").get<std::vector<double>>();
    for (const Nsd definition : {Nsd::surfel, Nsd::edge}) {
      const auto expected = row.at(std::string(name_of(definition))).get<std::vector<double>>();
      const double margin = definition == Nsd::surfel ? surfel_tolerance : edge_tolerance;
      for (size_t i = 0; i < tolerances.size(); ++i) {
        INFO(row << ", " << name_of(definition) << " at " << tolerances[i]);
        CHECK(nsd_of(a, b, size, spacing, tolerances[i], definition) == near(expected[i], margin));
      }
    }
    const MaskMetrics all =
        compare_masks(a, b, size, spacing, {.hd95 = Hd95::max, .nsd = Nsd::edge, .nsd_tolerances = tolerances});
    for (size_t i = 0; i < tolerances.size(); ++i) {
      CHECK(all.nsd.at(i) == near(row.at("edge")[i].get<double>(), edge_tolerance));
    }
  }
}

// By hand: of a slab of 10 x 10 x 1 voxels, every voxel is on the edge, and a slab d voxels away is d spacings away.
TEST_CASE("NSD counts what lies at the tolerance itself, and each mask's share alike with edges", "[metrics]") {
  const Index3 size = {12, 12, 8};
  const std::vector<uint8_t> slab = mask_of(size, block({1, 1, 1}, {10, 10, 1})),
                             other = mask_of(size, block({1, 1, 4}, {10, 10, 1}));
  CHECK(nsd_of(slab, other, size, {1, 1, 0.7}, 3 * 0.7, Nsd::edge) == 1);
  CHECK(nsd_of(slab, other, size, {1, 1, 0.7}, 2, Nsd::edge) == 0);
  CHECK(nsd_of(slab, slab, size, {1, 1, 1}, 0, Nsd::surfel) == 1);
  // One voxel against itself and another 20 voxels away: shares are 1 and 1/2 for edges, and of three equal areas two
  // lie at distance 0, within the tolerance.
  const Index3 line = {40, 1, 1};
  const std::vector<uint8_t> one = mask_of(line, block({0, 0, 0}, {1, 1, 1})),
                             two = mask_of(line, [](int64_t x, int64_t, int64_t) { return x == 0 || x == 20; });
  CHECK(nsd_of(one, two, line, {1, 1, 1}, 1, Nsd::edge) == 0.75);
  CHECK(nsd_of(one, two, line, {1, 1, 1}, 1, Nsd::surfel) == near(2.0 / 3, edge_tolerance));
}

TEST_CASE("empty masks have the NSD that they have as Dice", "[metrics]") {
  const Index3 size = {4, 3, 2};
  const std::vector<uint8_t> empty(24), full(24, 1);
  const MaskRules rules = {.nsd_tolerances = {1, 2}};
  CHECK(compare_masks(empty, empty, size, {1, 1, 1}, rules).nsd == std::vector<double>{1, 1});
  CHECK(compare_masks(empty, full, size, {1, 1, 1}, rules).nsd == std::vector<double>{0, 0});
  CHECK(compare_masks(full, empty, size, {1, 1, 1}, rules).nsd == std::vector<double>{0, 0});
  CHECK(compare_masks(full, full, size, {1, 1, 1}).nsd.empty());
}

// By hand: a cube of 4^3 that is found exactly, one that is missed, and an invented voxel: NSD (1 + 0 + 0) / 3.
TEST_CASE("lesion-wise NSD counts missed and made-up lesions as 0", "[lesions]") {
  const Index3 size = {60, 12, 12};
  const auto found = cube({2, 4, 4}, 4), missed = cube({25, 4, 4}, 4), invented = cube({50, 4, 4}, 1);
  const std::vector<uint8_t> reference = mask_of(size, either_of(found, missed)),
                             prediction = mask_of(size, either_of(found, invented));
  const MaskRules masks = {.hd95 = Hd95::surfel, .nsd_tolerances = {0.5, 1}};
  const LesionMetrics got = compare_lesions(reference, prediction, size, {1, 1, 1}, {}, masks);
  CHECK(got.nsd == std::vector<double>{1.0 / 3, 1.0 / 3});
  const std::vector<uint8_t> empty(reference.size());
  CHECK(compare_lesions(empty, empty, size, {1, 1, 1}, {}, masks).nsd == std::vector<double>{1, 1});
}

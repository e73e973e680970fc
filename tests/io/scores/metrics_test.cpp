// Tests metrics of mask pairs against medpy's definition computed with SciPy (golden files), and against brute force.
#include "io/scores/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/nifti/nifti.h"
#include "io/task/brats_task.h"
#include "tests/io/mask_shapes.h"
#include "tests/support/catch.h"
#include "tests/support/near.h"
#include "tests/support/places.h"
#include "tests/support/skip.h"

using namespace revunet;
using namespace revunet::io;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

// The golden numbers are doubles printed in full. Only the order of a few additions and a square root may differ.
constexpr double metric_tolerance = 1e-12;

MaskMetrics compare(const ShapeCase& shapes) {
  return compare_masks(mask_of(shapes.size, shapes.a), mask_of(shapes.size, shapes.b), shapes.size, shapes.spacing);
}

}  // namespace

TEST_CASE("metrics of simple shapes equal SciPy's", "[metrics]") {
  const std::array<double, 3> unit = {1, 1, 1};
  const std::vector<ShapeCase> cases = {
      {"cube 8, shifted 3 along axis 0", {24, 24, 24}, unit, cube({6, 6, 6}, 8), cube({9, 6, 6}, 8)},
      {"cube 8, shifted 3 along axis 0, spacing 2 x 1 x 0.5",
       {24, 24, 24},
       {2, 1, 0.5},
       cube({6, 6, 6}, 8),
       cube({9, 6, 6}, 8)},
      {"single voxels 5 apart along axis 2", {16, 16, 16}, unit, cube({3, 3, 3}, 1), cube({3, 3, 8}, 1)},
      {"cube 10 and cube 4 inside it", {20, 20, 20}, unit, cube({5, 5, 5}, 10), cube({8, 8, 8}, 4)},
  };
  const nlohmann::json rows = read_golden("metrics.json").at("shapes");
  CHECK(rows.size() == cases.size());
  for (const ShapeCase& shapes : cases) {
    INFO(shapes.name);
    const nlohmann::json expected = row_named(rows, shapes.name);
    const MaskMetrics got = compare(shapes);
    CHECK(got.reference_voxels == expected.at("voxels_a"));
    CHECK(got.prediction_voxels == expected.at("voxels_b"));
    CHECK(got.dice == near(expected.at("dice").get<double>(), metric_tolerance));
    CHECK(got.hd95 == Approx(expected.at("hd95").get<double>()).epsilon(metric_tolerance));
  }
}

TEST_CASE("empty masks follow the BraTS convention", "[metrics]") {
  const Index3 size = {4, 3, 2};
  const std::vector<uint8_t> empty(24), full(24, 1);
  std::vector<uint8_t> some(24);
  some[5] = some[6] = some[7] = 1;
  const nlohmann::json expected = read_golden("hd95_variants.json").at("empty_masks").at("brats");
  const auto check = [&](const std::vector<uint8_t>& reference, const std::vector<uint8_t>& prediction,
                         const char* name) {
    INFO(name);
    const MaskMetrics got = compare_masks(reference, prediction, size, {1, 1, 1});
    CHECK(got.dice == expected.at(name).at("dice"));
    CHECK(got.hd95 == expected.at(name).at("hd95"));
    return got;
  };
  const MaskMetrics both = check(empty, empty, "both empty");
  CHECK((both.reference_empty() && both.prediction_empty()));
  CHECK((both.sensitivity == 1 && both.specificity == 1));

  const MaskMetrics none_to_find = check(empty, some, "reference empty, prediction not");
  CHECK((none_to_find.reference_empty() && !none_to_find.prediction_empty()));
  CHECK(none_to_find.sensitivity == 1);
  CHECK(none_to_find.specificity == near(21.0 / 24, metric_tolerance));

  const MaskMetrics none_found = check(some, empty, "reference not, prediction empty");
  CHECK((!none_found.reference_empty() && none_found.prediction_empty()));
  CHECK((none_found.sensitivity == 0 && none_found.specificity == 1));

  CHECK(compare_masks(full, some, size, {1, 1, 1}).specificity == 1);  // nothing lies outside the reference
}

TEST_CASE("sensitivity and specificity count what their names say", "[metrics]") {
  // Of 10 voxels, 4 are in the reference, 3 in the prediction and 2 in both.
  const std::vector<uint8_t> reference = {4, 4, 4, 4, 0, 0, 0, 0, 0, 0}, prediction = {1, 1, 0, 0, 1, 0, 0, 0, 0, 0};
  const MaskMetrics got = compare_masks(reference, prediction, {10, 1, 1}, {1, 1, 1});
  CHECK(got.common_voxels == 2);
  CHECK(got.sensitivity == near(2.0 / 4, metric_tolerance));
  CHECK(got.specificity == near(5.0 / 6, metric_tolerance));
  CHECK(got.dice == near(4.0 / 7, metric_tolerance));
}

TEST_CASE("Dice of regions counts a label in each region that holds it", "[metrics]") {
  // Labels 1 and 4 are tumour core, all are whole tumour, and 4 is enhancing tumour.
  const std::vector<uint8_t> reference = {0, 1, 2, 4, 4, 0}, prediction = {0, 4, 2, 4, 1, 2};
  const auto dice = region_dice(*io::brats_task(), reference, prediction);
  CHECK(dice[0] == 2 * 4.0 / (4 + 5));
  CHECK(dice[1] == 1);
  CHECK(dice[2] == 2 * 1.0 / (2 + 2));
  const std::vector<uint8_t> oedema = {2, 0, 0, 0, 0, 0};
  CHECK(region_dice(*io::brats_task(), oedema, oedema) == std::vector<double>{1, 1, 1});
  CHECK(region_dice(*io::brats_task(), reference, oedema) == std::vector<double>{0, 0, 0});
  CHECK_THROWS_AS(region_dice(*io::brats_task(), reference, std::vector<uint8_t>(5)), Error);
}

TEST_CASE("HD95 of random masks equals brute force at any spacing", "[metrics]") {
  const Index3 size = {9, 7, 8};
  const std::array<std::array<double, 3>, 4> spacings = {{{1, 1, 1}, {2, 1, 0.5}, {0.7, 3.3, 1.9}, {0.01, 1, 100}}};
  std::mt19937 random(20);
  for (const auto& spacing : spacings) {
    for (const unsigned density : {2u, 30u, 70u}) {  // percent of voxels inside
      const auto draw = [&](int64_t, int64_t, int64_t) { return random() % 100 < density; };
      std::vector<uint8_t> a = mask_of(size, draw), b = mask_of(size, draw);
      a[3] = b[100] = 1;  // neither is empty
      const auto edges = [&](const std::vector<uint8_t>& mask) {
        const auto inside = [&](int64_t x, int64_t y, int64_t z) {
          return block({0, 0, 0}, size)(x, y, z) && mask[x + size[0] * (y + size[1] * z)] != 0;
        };
        std::vector<Index3> found;
        mask_of(size, [&](int64_t x, int64_t y, int64_t z) {
          const bool interior = inside(x - 1, y, z) && inside(x + 1, y, z) && inside(x, y - 1, z) &&
                                inside(x, y + 1, z) && inside(x, y, z - 1) && inside(x, y, z + 1);
          if (inside(x, y, z) && !interior) found.push_back({x, y, z});
          return false;
        });
        return found;
      };
      const auto edges_a = edges(a), edges_b = edges(b);
      std::vector<double> distances;
      const auto directed = [&](const std::vector<Index3>& from, const std::vector<Index3>& to) {
        for (const Index3& p : from) {
          double nearest = std::numeric_limits<double>::infinity();
          for (const Index3& q : to) {
            nearest = std::min(nearest, std::hypot(static_cast<double>(p[0] - q[0]) * spacing[0],
                                                   static_cast<double>(p[1] - q[1]) * spacing[1],
                                                   static_cast<double>(p[2] - q[2]) * spacing[2]));
          }
          distances.push_back(nearest);
        }
      };
      directed(edges_a, edges_b);
      directed(edges_b, edges_a);
      std::sort(distances.begin(), distances.end());
      const double position = 0.95 * static_cast<double>(distances.size() - 1);
      const size_t below = static_cast<size_t>(position), above = std::min(below + 1, distances.size() - 1);
      const double expected = std::lerp(distances[below], distances[above], position - static_cast<double>(below));
      INFO("spacing " << spacing[0] << ", " << spacing[1] << ", " << spacing[2] << ", density " << density);
      CHECK(compare_masks(a, b, size, spacing).hd95 == Approx(expected).epsilon(metric_tolerance));
    }
  }
}

TEST_CASE("masks that do not fit their grid are refused", "[metrics]") {
  const std::vector<uint8_t> eight(8), nine(9);
  CHECK_THROWS_WITH(compare_masks(eight, nine, {2, 2, 2}, {1, 1, 1}),
                    ContainsSubstring("2 x 2 x 2") && ContainsSubstring("8 and 9"));
  CHECK_THROWS_AS(compare_masks(eight, eight, {2, 2, 3}, {1, 1, 1}), Error);
  CHECK_THROWS_AS(compare_masks(eight, eight, {2, -2, -2}, {1, 1, 1}), Error);
  CHECK_THROWS_WITH(compare_masks(eight, eight, {2, 2, 2}, {1, 0, 1}), ContainsSubstring("spacing"));
  CHECK_THROWS_AS(compare_masks(eight, eight, {2, 2, 2}, {1, std::nan(""), 1}), Error);
}

TEST_CASE("metrics of a real case's raters equal SciPy's", "[metrics][shared]") {
  const std::filesystem::path folder = std::filesystem::path(shared_dir()) / "data" / "TCGA-FG-6692";
  if (!std::filesystem::exists(folder)) {
    skip(folder.string() + " is not there");
    return;
  }
  std::map<std::string, LabelImage> images;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string file = entry.path().filename(), name = file.substr(0, file.find('.'));
    if (name.starts_with("rater_") || name.ends_with("_seg")) images[name] = read_nifti_labels(entry.path());
  }
  const auto region_of = [&](const std::string& name, const std::string& region) {
    std::vector<uint8_t> mask = images.at(name).labels;
    const bool core = region == "TC", enhancing = region == "ET";
    for (uint8_t& label : mask) label = label == 4 || (label == 1 && !enhancing) || (label == 2 && !core && !enhancing);
    return mask;
  };
  const auto check = [&](const std::string& a, const std::string& b, const std::string& region, double hd95) {
    INFO(a << " against " << b << ", " << region);
    const Grid& grid = images.at(a).grid;
    const MaskMetrics got = compare_masks(region_of(a, region), region_of(b, region), grid.size, grid.spacing);
    CHECK(got.hd95 == near(hd95, metric_tolerance));
    return got;
  };
  const nlohmann::json rows = read_golden("metrics.json").at("pairs");
  REQUIRE(rows.size() == 45);
  for (const auto& row : rows) {
    const MaskMetrics got = check(row.at("a"), row.at("b"), row.at("region"), row.at("hd95"));
    CHECK(got.reference_voxels == row.at("voxels_a"));
    CHECK(got.prediction_voxels == row.at("voxels_b"));
    CHECK(got.dice == near(row.at("dice").get<double>(), metric_tolerance));
  }
}

// Metrics of mask pairs against medpy's definition computed with SciPy (golden files), and against brute force.
#include "io/metrics.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/nifti.h"

using namespace revunet;
using namespace revunet::io;
using Catch::Matchers::Contains;

namespace {

// The golden numbers are doubles printed in full: only the order of a few additions and a square root may differ.
constexpr double tolerance = 1e-12;

using Index3 = std::array<int64_t, 3>;
using Inside = std::function<bool(int64_t, int64_t, int64_t)>;  // of x, y, z

std::vector<uint8_t> mask_of(const Index3& size, const Inside& inside) {
  std::vector<uint8_t> mask;
  for (int64_t z = 0; z < size[2]; ++z) {
    for (int64_t y = 0; y < size[1]; ++y) {
      for (int64_t x = 0; x < size[0]; ++x) mask.push_back(inside(x, y, z));
    }
  }
  return mask;
}

// A box of voxels from low, of the given extent.
Inside block(const Index3& low, const Index3& extent) {
  return [=](int64_t x, int64_t y, int64_t z) {
    return x >= low[0] && x < low[0] + extent[0] && y >= low[1] && y < low[1] + extent[1] && z >= low[2] &&
           z < low[2] + extent[2];
  };
}

Inside cube(const Index3& low, int64_t side) {
  return block(low, {side, side, side});
}

Inside ball(int64_t centre, int64_t radius) {
  return [=](int64_t x, int64_t y, int64_t z) {
    x -= centre, y -= centre, z -= centre;
    return x * x + y * y + z * z <= radius * radius;
  };
}

// A pair of masks by the words that the golden files use for it.
struct ShapeCase {
  std::string name;
  Index3 size;
  std::array<double, 3> spacing;
  Inside a, b;
};

nlohmann::json read_golden(const char* name) {
  std::ifstream stream(std::string(REVUNET_GOLDEN_DIR "/") + name);
  return nlohmann::json::parse(stream);
}

const nlohmann::json& row_named(const nlohmann::json& rows, const std::string& name) {
  for (const auto& row : rows) {
    if (row.at("case") == name) return row;
  }
  throw std::runtime_error("no golden row " + name);
}

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
    const nlohmann::json& expected = row_named(rows, shapes.name);
    const MaskMetrics got = compare(shapes);
    CHECK(got.reference_voxels == expected.at("voxels_a"));
    CHECK(got.prediction_voxels == expected.at("voxels_b"));
    CHECK(got.dice == Approx(expected.at("dice").get<double>()).margin(tolerance));
    CHECK(got.hd95 == Approx(expected.at("hd95").get<double>()).epsilon(tolerance));
  }
}

TEST_CASE("HD95 is the pooled definition and not one of the others", "[metrics]") {
  const std::array<double, 3> unit = {1, 1, 1};
  const Index3 line = {40, 1, 1};
  const std::vector<ShapeCase> cases = {
      {"cube of side 10 shifted by k=3 along one axis", {13, 10, 10}, unit, cube({0, 0, 0}, 10), cube({3, 0, 0}, 10)},
      {"cube of side 10 shifted by 2 along the first axis, spacing 2x1x1",
       {14, 12, 11},
       {2, 1, 1},
       cube({1, 0, 1}, 10),
       cube({3, 0, 1}, 10)},
      {"20x20x1 slabs 7 apart along the third axis, spacing 1x2x3",
       {22, 20, 10},
       {1, 2, 3},
       block({1, 0, 1}, {20, 20, 1}),
       block({1, 0, 8}, {20, 20, 1})},
      {"single voxels offset by (3,4,12)", {5, 6, 14}, unit, cube({0, 1, 1}, 1), cube({3, 5, 13}, 1)},
      {"voxel {0} against voxels {5,6} on a line", line, unit, block({0, 0, 0}, {1, 1, 1}),
       block({5, 0, 0}, {2, 1, 1})},
      {"voxel {0} against voxels {0,20} on a line", line, unit, block({0, 0, 0}, {1, 1, 1}),
       [](int64_t x, int64_t, int64_t) { return x == 0 || x == 20; }},
      {"line of 19 voxels against itself plus one voxel 12 away", line, unit, block({2, 0, 0}, {19, 1, 1}),
       [](int64_t x, int64_t, int64_t) { return (x >= 2 && x < 21) || x == 32; }},
      {"one voxel against the 3x3x3 cube around it", {3, 3, 3}, unit, cube({1, 1, 1}, 1), cube({0, 0, 0}, 3)},
      {"cube of side 10 centred in a cube of side 14", {20, 17, 14}, unit, cube({5, 3, 2}, 10), cube({3, 1, 0}, 14)},
      {"solid cube of side 10 against its hollow shell, one voxel thick",
       {12, 12, 12},
       unit,
       cube({1, 1, 1}, 10),
       [](int64_t x, int64_t y, int64_t z) {
         return cube({1, 1, 1}, 10)(x, y, z) && !cube({2, 2, 2}, 8)(x, y, z);
       }},
      {"balls of radius 10 and 13 about a voxel centre", {29, 29, 29}, unit, ball(14, 10), ball(14, 13)},
  };
  const nlohmann::json rows = read_golden("hd95_variants.json").at("cases");
  CHECK(rows.size() == cases.size() + 2);  // the other two are real masks: the last test
  for (const ShapeCase& shapes : cases) {
    INFO(shapes.name);
    const nlohmann::json& expected = row_named(rows, shapes.name);
    const MaskMetrics got = compare(shapes);
    CHECK(got.hd95 == Approx(expected.at("pooled").get<double>()).margin(tolerance));
    if (expected.contains("dice")) CHECK(got.dice == Approx(expected.at("dice").get<double>()).margin(tolerance));
    CHECK(compare({"", shapes.size, shapes.spacing, shapes.b, shapes.a}).hd95 == got.hd95);  // pooled: symmetric
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
  CHECK(none_to_find.specificity == Approx(21.0 / 24).margin(tolerance));

  const MaskMetrics none_found = check(some, empty, "reference not, prediction empty");
  CHECK((!none_found.reference_empty() && none_found.prediction_empty()));
  CHECK((none_found.sensitivity == 0 && none_found.specificity == 1));

  CHECK(compare_masks(full, some, size, {1, 1, 1}).specificity == 1);  // nothing lies outside the reference
}

TEST_CASE("sensitivity and specificity count what their names say", "[metrics]") {
  // 10 voxels: 4 in the reference, 3 in the prediction, 2 in both.
  const std::vector<uint8_t> reference = {4, 4, 4, 4, 0, 0, 0, 0, 0, 0}, prediction = {1, 1, 0, 0, 1, 0, 0, 0, 0, 0};
  const MaskMetrics got = compare_masks(reference, prediction, {10, 1, 1}, {1, 1, 1});
  CHECK(got.common_voxels == 2);
  CHECK(got.sensitivity == Approx(2.0 / 4).margin(tolerance));
  CHECK(got.specificity == Approx(5.0 / 6).margin(tolerance));
  CHECK(got.dice == Approx(4.0 / 7).margin(tolerance));
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
      CHECK(compare_masks(a, b, size, spacing).hd95 == Approx(expected).epsilon(tolerance));
    }
  }
}

TEST_CASE("masks that do not fit their grid are refused", "[metrics]") {
  const std::vector<uint8_t> eight(8), nine(9);
  CHECK_THROWS_WITH(compare_masks(eight, nine, {2, 2, 2}, {1, 1, 1}), Contains("2 x 2 x 2") && Contains("8 and 9"));
  CHECK_THROWS_AS(compare_masks(eight, eight, {2, 2, 3}, {1, 1, 1}), Error);
  CHECK_THROWS_AS(compare_masks(eight, eight, {2, -2, -2}, {1, 1, 1}), Error);
  CHECK_THROWS_WITH(compare_masks(eight, eight, {2, 2, 2}, {1, 0, 1}), Contains("spacing"));
  CHECK_THROWS_AS(compare_masks(eight, eight, {2, 2, 2}, {1, std::nan(""), 1}), Error);
}

TEST_CASE("metrics of a real case's raters equal SciPy's", "[metrics][shared]") {
  const std::filesystem::path folder = std::filesystem::path(REVUNET_SHARED_DIR) / "data" / "TCGA-FG-6692";
  if (!std::filesystem::exists(folder)) {
    WARN("skipped: " << folder << " is not there");
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
    CHECK(got.hd95 == Approx(hd95).margin(tolerance));
    return got;
  };
  const nlohmann::json rows = read_golden("metrics.json").at("pairs");
  REQUIRE(rows.size() == 45);
  for (const auto& row : rows) {
    const MaskMetrics got = check(row.at("a"), row.at("b"), row.at("region"), row.at("hd95"));
    CHECK(got.reference_voxels == row.at("voxels_a"));
    CHECK(got.prediction_voxels == row.at("voxels_b"));
    CHECK(got.dice == Approx(row.at("dice").get<double>()).margin(tolerance));
  }
  const nlohmann::json variants = read_golden("hd95_variants.json").at("cases");
  check("TCGA-FG-6692_seg", "rater_hnfnetv1-20", "WT", variants.at(11).at("pooled"));
  check("TCGA-FG-6692_seg", "rater_isen-20", "WT", variants.at(12).at("pooled"));
}

// Tests HD95 by its three definitions against closed forms, SciPy, and DeepMind's surface-distance (golden files).
#include "io/scores/hausdorff.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "io/nifti/nifti.h"
#include "io/scores/surfel_area.h"
#include "tests/io/mask_shapes.h"
#include "tests/support/catch.h"
#include "tests/support/near.h"
#include "tests/support/places.h"
#include "tests/support/skip.h"

using namespace revunet;
using namespace revunet::io;
using namespace revunet::test;

namespace {

// The golden numbers are doubles printed in full. Only the order of a few additions and a square root may differ.
constexpr double hd95_tolerance = 1e-12;
// Golden numbers of real masks are printed to six decimals, except where they are exact.
constexpr double printed = 5e-7;
constexpr std::array<Hd95, 3> definitions = {Hd95::pooled, Hd95::max, Hd95::surfel};

std::vector<ShapeCase> shape_cases() {
  const io::Spacing3 unit = {1, 1, 1};
  const Index3 line = {40, 1, 1};
  return {
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
}

double expected(const nlohmann::json& row, Hd95 definition) {
  return row.at(std::string(name_of(definition))).get<double>();
}

// Returns the sum of the surface's area over all corners of the grid's voxels.
double surface_area(const std::vector<uint8_t>& mask, const Index3& size, const Spacing3& spacing) {
  const auto areas = surfel_areas(spacing);
  double sum = 0;
  mask_of({size[0] + 1, size[1] + 1, size[2] + 1}, [&](int64_t x, int64_t y, int64_t z) {
    unsigned code = 0;
    for (unsigned bit = 0; bit < 8; ++bit) {
      const Index3 at = {x - 1 + (bit & 1), y - 1 + (bit >> 1 & 1), z - 1 + (bit >> 2 & 1)};
      const bool on_grid = block({0, 0, 0}, size)(at[0], at[1], at[2]);
      if (on_grid && mask[at[0] + size[0] * (at[1] + size[1] * at[2])] != 0) code |= 1u << bit;
    }
    sum += areas[code];
    return false;
  });
  return sum;
}

}  // namespace

TEST_CASE("HD95 of simple shapes is what each definition says", "[metrics]") {
  const nlohmann::json rows = read_golden("hd95_variants.json").at("cases");
  const std::vector<ShapeCase> cases = shape_cases();
  CHECK(rows.size() == cases.size() + 2);  // the other two are real masks: the last test
  for (const ShapeCase& shapes : cases) {
    const nlohmann::json row = row_named(rows, shapes.name);
    const std::vector<uint8_t> a = mask_of(shapes.size, shapes.a), b = mask_of(shapes.size, shapes.b);
    for (const Hd95 definition : definitions) {
      INFO(shapes.name << ", " << name_of(definition));
      const double got = hausdorff_95(a, b, shapes.size, shapes.spacing, definition);
      CHECK(got == near(expected(row, definition), hd95_tolerance));
      CHECK(hausdorff_95(b, a, shapes.size, shapes.spacing, definition) == got);  // all three are symmetric
    }
  }
}

TEST_CASE("surfel HD95 does not depend on rounding where exactly 95 % of the area is reached", "[metrics]") {
  // n voxels lie 6 apart, all with one area. The other mask has all but n / 20 of them, so that 95 % of the area is at
  // distance 0. From the corners of the missing ones it is 5 to the next voxel's.
  for (const int64_t n : {20, 40, 60, 80, 100, 200, 1000}) {
    INFO(n);
    const Index3 line = {6 * n, 1, 1};
    const auto voxels = [](int64_t x, int64_t, int64_t) { return x % 6 == 0; };
    const auto without = [&](int64_t every) {
      return mask_of(line, [=](int64_t x, int64_t, int64_t) { return x % 6 == 0 && x / 6 % every != 3; });
    };
    const std::vector<uint8_t> all = mask_of(line, voxels);
    CHECK(hausdorff_95(all, without(20), line, {1, 1, 1}, Hd95::surfel) == 0);
    CHECK(hausdorff_95(without(20), all, line, {1, 1, 1}, Hd95::surfel) == 0);
    CHECK(hausdorff_95(all, without(10), line, {1, 1, 1}, Hd95::surfel) == 5);  // 90 %
  }
  // 51 of 1001 voxels are more than 5 %.
  const Index3 line = {6 * 1001, 1, 1};
  const std::vector<uint8_t> all = mask_of(line, [](int64_t x, int64_t, int64_t) { return x % 6 == 0; });
  const std::vector<uint8_t> most =
      mask_of(line, [](int64_t x, int64_t, int64_t) { return x % 6 == 0 && x / 6 % 20 != 0; });
  CHECK(hausdorff_95(all, most, line, {1, 1, 1}, Hd95::surfel) == 5);
}

TEST_CASE("HD95 and surface areas of random masks equal SciPy's and surface-distance's", "[metrics]") {
  const Index3& size = RandomMasks::size;
  const nlohmann::json rows = read_golden("hd95_random.json").at("rows");
  CHECK(rows.size() == 12);
  for (const auto& row : rows) {
    const auto [a, b] = RandomMasks(row);
    const auto spacing = row.at("spacing").get<Spacing3>();
    for (const Hd95 definition : definitions) {
      INFO(row << ", " << name_of(definition));
      CHECK(hausdorff_95(a, b, size, spacing, definition) ==
            Approx(expected(row, definition)).margin(hd95_tolerance).epsilon(hd95_tolerance));
    }
    constexpr double sums = 1e-9;  // its table has nine digits or more
    CHECK(surface_area(a, size, spacing) == Approx(row.at("area_a").get<double>()).epsilon(sums));
    CHECK(surface_area(b, size, spacing) == Approx(row.at("area_b").get<double>()).epsilon(sums));
  }
}

TEST_CASE("areas of surface elements are those of the closed forms", "[metrics]") {
  const auto areas = surfel_areas({1, 1, 1}), scaled = surfel_areas({2, 3, 5});
  const double root2 = std::sqrt(2), root3 = std::sqrt(3);
  CHECK(areas[0] == 0);
  CHECK(areas[255] == 0);
  CHECK(areas[0b00001111] == near(1, hd95_tolerance));  // a flat face, across z
  CHECK(scaled[0b00001111] == near(2 * 3, hd95_tolerance));
  CHECK(scaled[0b01010101] == near(3 * 5, hd95_tolerance));     // across x
  CHECK(areas[0b00000001] == near(root3 / 8, hd95_tolerance));  // an eighth of an octahedron with edges of sqrt(1/2)
  CHECK(areas[0b11111110] == near(root3 / 8, hd95_tolerance));
  CHECK(areas[0b00000011] == near(root2 / 2, hd95_tolerance));      // along an edge
  CHECK(areas[0b00010111] == near(3 * root3 / 4, hd95_tolerance));  // a regular hexagon
  CHECK(areas[0b01101001] == near(root3 / 2, hd95_tolerance));      // four corners apart
  CHECK(areas[0b11000011] == near(root2, hd95_tolerance));          // two edges apart
}

TEST_CASE("HD95 of a real case's raters is what each definition says", "[metrics][shared]") {
  const std::filesystem::path folder = std::filesystem::path(shared_dir()) / "data" / "TCGA-FG-6692";
  if (!std::filesystem::exists(folder)) {
    skip(folder.string() + " is not there");
    return;
  }
  const auto tumour = [&](const std::string& name) {
    LabelImage image = read_nifti_labels(folder / (name + ".nii.gz"));
    for (uint8_t& label : image.labels) label = label != 0;
    return image;
  };
  const LabelImage reference = tumour("TCGA-FG-6692_seg");
  const nlohmann::json rows = read_golden("hd95_variants.json").at("cases");
  for (const std::string rater : {"rater_hnfnetv1-20", "rater_isen-20"}) {
    const nlohmann::json row = row_named(rows, "real masks: TCGA-FG-6692_seg against " + rater + ", WT");
    const std::vector<uint8_t> prediction = tumour(rater).labels;
    for (const Hd95 definition : definitions) {
      INFO(rater << ", " << name_of(definition));
      const double got =
          hausdorff_95(reference.labels, prediction, reference.grid.size, reference.grid.spacing, definition);
      CHECK(got == near(expected(row, definition), definition == Hd95::pooled ? hd95_tolerance : printed));
    }
  }
}

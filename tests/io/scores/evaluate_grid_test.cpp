// Tests pairs whose files have their axes in another order, or not at right angles.
#include <cmath>

#include "engine/error.h"
#include "io/nifti/nifti.h"
#include "io/scores/evaluation.h"
#include "tests/io/mask_shapes.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"
#include "tests/support/near.h"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;
using namespace revunet;
using namespace revunet::test;

namespace {

// Makes a 5 x 4 x 3 image of enhancing tumour at the given places of a world of 1 x 2 x 3 mm. axes[i] of the file goes
// along world axis |axes[i]| - 1, backwards where it is negative. That is its sform. Its qform, if it shall have one,
// goes along all axes, and begins at `qform_x` along x.
std::string image_of(const std::vector<std::array<int, 3>>& places, const std::array<int, 3>& axes, double shear = 0,
                     std::optional<double> qform_x = {}) {
  const std::array<int, 3> size = {5, 4, 3};
  const std::array<double, 3> spacing = {1, 2, 3};
  NiftiBytes image;
  image.datatype(2, 8);
  std::vector<int64_t> dims;
  std::vector<double> rows(12);
  for (size_t i = 0; i < 3; ++i) {
    const auto world = static_cast<size_t>(std::abs(axes[i]) - 1);
    dims.push_back(size[world]);
    rows[4 * world + i] = axes[i] > 0 ? spacing[world] : -spacing[world];
    rows[4 * world + 3] = axes[i] > 0 ? 0 : spacing[world] * (size[world] - 1);
    image.pixdim(static_cast<int>(i) + 1, spacing[world]);
  }
  if (shear != 0) {
    rows[1] = shear;
    image.pixdim(2, std::hypot(2.0, shear));
  }
  image.dims(dims);
  image.srow(rows);
  if (qform_x) image.qform(0, 0, 0, *qform_x, 0, 0);
  std::vector<uint8_t> labels(60);
  for (const std::array<int, 3>& place : places) {
    int64_t index = 0, stride = 1;
    for (size_t i = 0; i < 3; ++i) {
      const auto world = static_cast<size_t>(std::abs(axes[i]) - 1);
      index += stride * (axes[i] > 0 ? place[world] : size[world] - 1 - place[world]);
      stride *= size[world];
    }
    labels[static_cast<size_t>(index)] = 4;
  }
  image.fill(labels);
  return image.bytes();
}

io::CaseScore score(const TemporaryFolder& folder, const std::string& reference, const std::string& prediction,
                    const io::ScoreOptions& options = {}) {
  return io::score_case({.name = "a",
                         .reference = write_bytes(folder / "reference.nii", reference),
                         .prediction = write_bytes(folder / "prediction.nii", prediction),
                         .labels = {.profile = io::LabelProfile::brats(), .from = "a test"}},
                        options);
}

// Returns the options of every kind of score there is.
std::vector<io::ScoreOptions> all_options() {
  std::vector<io::ScoreOptions> all;
  for (const io::Scoring scoring : {io::Scoring::brats2021, io::Scoring::brats2026, io::Scoring::none}) {
    all.push_back(io::score_options_of({.scoring = scoring}));
  }
  for (const io::Scoring scoring : {io::Scoring::brats2023, io::Scoring::brats2026_metastases}) {
    all.push_back(io::score_options_of({.scoring = scoring, .lesion_min_volume = 1}));  // all lesions are small here
  }
  for (const io::Hd95 hd95 : {io::Hd95::pooled, io::Hd95::max, io::Hd95::surfel}) {
    for (const io::Nsd nsd : {io::Nsd::surfel, io::Nsd::edge}) {
      all.push_back(io::score_options_of({.hd95 = hd95,
                                          .nsd = nsd,
                                          .nsd_tolerances = {1, 2, 4},
                                          .lesion_wise = true,
                                          .lesion_dilation = 0,
                                          .lesion_min_volume = 0}));
    }
  }
  return all;
}

// Makes a 12^3 image of a 4^3 cube of enhancing tumour from the voxel `low` on, of 1 mm, turned about z. Its spacings
// are the norms of float32 columns.
std::string turned_cube(const Index3& low, double degrees) {
  const double angle = degrees * std::acos(-1) / 180, c = std::cos(angle), s = std::sin(angle);
  NiftiBytes image;
  image.datatype(2, 8);
  image.dims({12, 12, 12});
  image.srow({c, -s, 0, 0, s, c, 0, 0, 0, 0, 1, 0});
  std::vector<uint8_t> labels = mask_of({12, 12, 12}, cube(low, 4));
  for (uint8_t& label : labels) label = label != 0 ? 4 : 0;
  image.fill(labels);
  return image.bytes();
}

}  // namespace

// By hand: a cube that is moved by one voxel lies within 1 mm everywhere, and its volume is 64 mm^3.
TEST_CASE("a tolerance and a volume are judged the same on oblique grids, whose spacings are rounded", "[evaluate]") {
  const TemporaryFolder folder;
  const io::ScoreOptions of_2023 = io::score_options_of(
                             {.scoring = io::Scoring::brats2023, .nsd_tolerances = {1}, .lesion_min_volume = 64}),
                         edges = io::score_options_of({.nsd = io::Nsd::edge, .nsd_tolerances = {1}}),
                         metastases = io::score_options_of(
                             {.scoring = io::Scoring::brats2026_metastases, .lesion_min_volume = 64});
  for (const double degrees : {0, 17, 38}) {
    INFO(degrees);
    const std::string reference = turned_cube({3, 3, 3}, degrees), moved = turned_cube({4, 3, 3}, degrees);
    const double spacing = io::read_nifti_header(write_bytes(folder / "a.nii", reference)).grid.spacing[0];
    REQUIRE((degrees == 0 ? spacing == 1 : degrees == 17 ? spacing < 1 : spacing > 1));
    const io::RegionScore by_2023 = score(folder, reference, moved, of_2023).regions[2],
                          by_2026 = score(folder, reference, moved, metastases).regions[2];
    CHECK(by_2023.masks.nsd == std::vector<double>{1});
    CHECK(score(folder, reference, moved, edges).regions[2].masks.nsd == std::vector<double>{1});
    CHECK((by_2023.lesions->ignored == 1 && by_2023.lesions->found == 0));    // 64 mm^3 or less
    CHECK((by_2026.lesions->ignored == 0 && by_2026.lesions->dice == 0.75));  // 64 mm^3 or more
    CHECK(by_2026.lesions->nsd == std::vector<double>{1});
  }
}

// By hand: the one voxel of the prediction lies 3 voxels of 1 mm and 2 voxels of 2 mm from the reference's, which is 5
// mm.
TEST_CASE("a prediction with its axes in another order is compared where its voxels lie", "[evaluate]") {
  const TemporaryFolder folder;
  const std::string reference = image_of({{0, 0, 1}}, {1, 2, 3});
  for (const std::array<int, 3>& axes : {std::array{1, 2, 3}, {-1, 2, 3}, {-1, -2, -3}, {2, 3, 1}, {3, -1, 2}}) {
    const io::CaseScore away = score(folder, reference, image_of({{3, 2, 1}}, axes));
    CHECK_THAT(away.regions[2].masks.hd95, WithinAbs(5, 1e-9));
    CHECK(away.regions[2].masks.dice == 0);
    CHECK(score(folder, reference, image_of({{0, 0, 1}}, axes)).regions[2].masks.dice == 1);
    CHECK(score(folder, image_of({{0, 0, 1}}, axes), reference).regions[2].masks.dice == 1);
  }
}

TEST_CASE("a prediction in another order is refused where sform and qform disagree on what that order is",
          "[evaluate]") {
  const TemporaryFolder folder;
  const std::vector<std::array<int, 3>> place = {{0, 0, 1}};
  const std::array<int, 3> along = {1, 2, 3}, mirrored = {-1, 2, 3};
  const std::string agreeing = image_of(place, along, 0, 0), disagreeing = image_of(place, mirrored, 0, 0);
  CHECK(score(folder, agreeing, image_of(place, mirrored)).regions[2].masks.dice == 1);
  CHECK(score(folder, image_of(place, along, 0, 5), image_of(place, mirrored)).regions[2].masks.dice == 1);
  CHECK(score(folder, disagreeing, disagreeing).regions[2].masks.dice == 1);  // the order is one by either form
  CHECK_THROWS_WITH(score(folder, agreeing, disagreeing),
                    ContainsSubstring("prediction.nii] expected a sform and a qform that agree") &&
                        ContainsSubstring("in case a, got LAS in the sform and RAS in the qform"));
  CHECK_THROWS_WITH(score(folder, disagreeing, agreeing), ContainsSubstring("reference.nii] expected a sform and"));
}

// Lesions of 12, 6 and 6 mm^3 against one of 18 in part of the same place and one apart, on axes of 1, 2 and 3 mm.
TEST_CASE("every score of a prediction with its axes in another order is that of the same voxels in order",
          "[evaluate]") {
  const TemporaryFolder folder;
  const std::vector<std::array<int, 3>> lesions = {{0, 0, 0}, {1, 0, 0}, {4, 3, 2}, {4, 0, 0}},
                                        found = {{1, 0, 0}, {1, 1, 0}, {2, 1, 0}, {4, 3, 0}, {4, 3, 1}};
  for (const io::ScoreOptions& options : all_options()) {
    INFO(io::name_of(options.scoring) << ", " << io::name_of(options.masks.hd95));
    const std::vector<io::Metric> metrics = io::metrics_of(options);
    const io::CaseScore in_order = score(folder, image_of(lesions, {1, 2, 3}), image_of(found, {1, 2, 3}), options);
    CHECK(in_order.regions[0].masks.dice == near(2.0 / 9, 1e-12));
    for (const std::array<int, 3>& axes : {std::array{-1, 2, 3}, {-1, -2, -3}, {2, 3, 1}, {3, -1, 2}}) {
      const io::CaseScore turned = score(folder, image_of(lesions, {1, 2, 3}), image_of(found, axes), options),
                          reference = score(folder, image_of(lesions, axes), image_of(found, {1, 2, 3}), options);
      for (const io::Metric& metric : metrics) {
        INFO(metric.key);
        const double expected = metric.value(in_order.regions[0]);
        CHECK_THAT(metric.value(turned.regions[0]), WithinAbs(expected, 1e-12));
        CHECK_THAT(metric.value(reference.regions[0]), WithinAbs(expected, 1e-12));
      }
      if (in_order.regions[0].lesions) {
        CHECK(turned.regions[0].lesions->found == in_order.regions[0].lesions->found);
        CHECK(turned.regions[0].lesions->missed == in_order.regions[0].lesions->missed);
      }
    }
  }
}

TEST_CASE("a prediction at other places is refused, whatever the order of its axes", "[evaluate]") {
  const TemporaryFolder folder;
  std::string moved = image_of({{0, 0, 1}}, {2, 3, 1});
  const float place = 0.5f;
  std::memcpy(&moved[280 + 12], &place, sizeof place);  // srow_x[3]
  CHECK_THAT(message_of<DataError>([&] {
               score(folder, image_of({{0, 0, 1}}, {1, 2, 3}), moved);
             }),
             ContainsSubstring("prediction.nii] expected the grid of ") && ContainsSubstring("got 4 x 3 x 5 voxels"));
}

// By hand: atan(0.5 / 2) is 14.04 degrees.
TEST_CASE("axes that are not at right angles are refused with file and angle", "[evaluate]") {
  const TemporaryFolder folder;
  const auto at = [](double shear) { return image_of({{0, 0, 1}}, {1, 2, 3}, shear); };
  for (const io::ScoreOptions& options : all_options()) {
    INFO(io::name_of(options.scoring) << ", " << io::name_of(options.masks.hd95));
    CHECK_THAT(message_of<DataError>([&] { score(folder, at(0.5), at(0.5), options); }),
               ContainsSubstring("reference.nii] expected axes at right angles, which distances in mm need, got 14 "
                                 "degrees off in case a, where up to 0.1 are accepted; resample"));
  }
  CHECK_THROWS_AS(score(folder, at(0.004), at(0.004)), DataError);        // 0.115 degrees
  CHECK(score(folder, at(0.003), at(0.003)).regions[2].masks.dice == 1);  // 0.086 degrees
}

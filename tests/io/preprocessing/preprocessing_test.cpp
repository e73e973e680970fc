// Tests preprocessing against NumPy's results for a real case (tests/golden/make_golden.py) and against closed forms,
// and regions.
#include "io/preprocessing/preprocessing.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/files/safetensors.h"
#include "io/preprocessing/case_cache.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"
#include "tests/support/places.h"
#include "tests/support/skip.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;
using io::Size3;

namespace {

size_t file_index(const Size3& size, int64_t x, int64_t y, int64_t z) {
  return static_cast<size_t>(x + size[0] * (y + size[1] * z));
}
size_t output_index(const Size3& size, int64_t x, int64_t y, int64_t z) {
  return static_cast<size_t>((x * size[1] + y) * size[2] + z);
}

// Makes a case of zeros, to be filled.
io::CaseVolumes zero_case(const Size3& size) {
  io::CaseVolumes volumes(io::brats_task());
  volumes.name = "case";
  volumes.grid.size = size;
  const auto count = static_cast<size_t>(size[0] * size[1] * size[2]);
  for (auto& modality : volumes.modalities) modality.assign(count, 0.0f);
  volumes.labels.emplace(count, uint8_t{0});
  return volumes;
}

// Gives every voxel of a box a distinct value, in all modalities but at another scale, and a label.
io::CaseVolumes box_case(const Size3& size, const Size3& low, const Size3& high) {
  io::CaseVolumes volumes = zero_case(size);
  for (int64_t x = low[0]; x < high[0]; ++x) {
    for (int64_t y = low[1]; y < high[1]; ++y) {
      for (int64_t z = low[2]; z < high[2]; ++z) {
        const size_t at = file_index(size, x, y, z);
        for (size_t m = 0; m < 4; ++m) volumes.modalities[m][at] = static_cast<float>((m + 1) * (at + 1));
        (*volumes.labels)[at] = std::array<uint8_t, 4>{0, 1, 2, 4}[at % 4];
      }
    }
  }
  return volumes;
}

}  // namespace

TEST_CASE("a real case is preprocessed as NumPy does it") {
  const std::filesystem::path folder = std::filesystem::path(shared_dir()) / "data" / "TCGA-FG-6692";
  if (!std::filesystem::exists(folder)) {
    skip("the case of the golden values is not at " + folder.string());
    return;
  }
  const std::filesystem::path golden = golden_dir();
  const auto expected = nlohmann::json::parse(read_bytes(golden / "preprocessing.json"));
  const auto cases = io::find_cases(folder);
  REQUIRE(cases.size() == 1);
  CHECK(cases[0].name == expected["case"].get<std::string>());
  const auto result = io::preprocess(io::load_case(cases[0]));

  const Size3 size = io::default_field_of_view;
  const Size3 low = expected["box_low"], high = expected["box_high_exclusive"];
  CHECK(result.placement.box_low == low);
  for (size_t axis = 0; axis < 3; ++axis) {
    CHECK(result.placement.extent[axis] + result.cut[axis] == high[axis] - low[axis]);
  }
  // These are sums of 1.6 million doubles: NumPy adds pairwise, and we add in order, which differ by some 1e-13.
  for (size_t m = 0; m < 4; ++m) {
    const auto& row = expected["modalities"][m];
    CHECK(result.statistics[m].count == row["nonzero"]);
    CHECK(result.statistics[m].mean == Approx(row["mean"].get<double>()).epsilon(1e-12).margin(0));
    CHECK(result.statistics[m].deviation == Approx(row["std"].get<double>()).epsilon(1e-12).margin(0));
  }
  for (const int label : {1, 2, 4}) {
    CHECK(std::count(result.labels.begin(), result.labels.end(), label) ==
          expected["label_voxels"][std::to_string(label)]);
  }

  const auto file = io::read_safetensors(golden / "preprocessed_every_8th.safetensors");
  const Size3 sampled = {size[0] / 8, size[1] / 8, size[2] / 8};
  REQUIRE(file.at("image").shape() == std::vector<int64_t>{4, sampled[0], sampled[1], sampled[2]});
  const auto image = file.at("image").to_f32(), labels = file.at("labels").to_f32();
  const auto sampled_count = static_cast<size_t>(sampled[0] * sampled[1] * sampled[2]);
  double worst = 0;
  int64_t wrong_labels = 0;
  for (int64_t x = 0; x < sampled[0]; ++x) {
    for (int64_t y = 0; y < sampled[1]; ++y) {
      for (int64_t z = 0; z < sampled[2]; ++z) {
        const size_t from = output_index(sampled, x, y, z), at = output_index(size, 8 * x, 8 * y, 8 * z);
        wrong_labels += labels[from] != static_cast<float>(result.labels[at]);
        for (size_t m = 0; m < 4; ++m) {
          const double error = std::abs(double{result.image[at * 4 + m]} - double{image[m * sampled_count + from]});
          worst = std::max(worst, error);
        }
      }
    }
  }
  CHECK(wrong_labels == 0);
  CHECK(worst <= 1e-6);  // values reach 10: one rounding of float
}

TEST_CASE("two values are standardised to plus and minus one, and zeros stay zero") {
  const Size3 size = {3, 2, 2};
  io::CaseVolumes volumes = zero_case(size);
  // Modality m holds 10 m - 5 and 10 m + 5 (mean 10 m, deviation 5): one is negative, one positive for m = 0.
  for (size_t m = 0; m < 4; ++m) {
    volumes.modalities[m][file_index(size, 0, 0, 0)] = static_cast<float>(m) * 10 - 5;
    volumes.modalities[m][file_index(size, 2, 1, 1)] = static_cast<float>(m) * 10 + 5;
  }
  const auto result = io::preprocess(volumes, size);
  std::vector<float> expected(48, 0.0f);
  for (size_t m = 0; m < 4; ++m) expected[m] = -1, expected[44 + m] = 1;
  CHECK(result.image == expected);
  for (size_t m = 0; m < 4; ++m) {
    CHECK(result.statistics[m].count == 2);
    CHECK(result.statistics[m].mean == 10.0 * static_cast<double>(m));
    CHECK(result.statistics[m].deviation == 5.0);
  }
}

TEST_CASE("each modality has its own non-zero voxels, and the box is of all of them") {
  const Size3 size = {7, 3, 3};
  io::CaseVolumes volumes = zero_case(size);
  // Modality m is non-zero at x = m + 1 and m + 2 only; a negative voxel opens the box.
  for (int64_t m = 0; m < 4; ++m) {
    volumes.modalities[static_cast<size_t>(m)][file_index(size, m + 1, 1, 2)] = -2;
    volumes.modalities[static_cast<size_t>(m)][file_index(size, m + 2, 1, 2)] = 4;
  }
  const auto result = io::preprocess(volumes, {5, 1, 1});
  CHECK(result.placement.box_low == Size3{1, 1, 2});
  CHECK(result.placement.extent == Size3{5, 1, 1});
  CHECK(result.cut == Size3{0, 0, 0});
  CHECK(result.image == std::vector<float>{-1, 0, 0, 0, 1, -1, 0, 0, 0, 1, -1, 0, 0, 0, 1, -1, 0, 0, 0, 1});
}

TEST_CASE("crop and padding, odd and even") {
  const Size3 file = {12, 11, 13}, low = {2, 3, 1}, high = {9, 7, 12};  // a box of 7 x 4 x 11
  const io::CaseVolumes volumes = box_case(file, low, high);
  const auto result = io::preprocess(volumes, {4, 7, 11});
  // By hand, abs(difference) / 2 rounded down: x is cut from 7 to 4, y padded from 4 to 7, z fits.
  CHECK(result.placement.size == Size3{4, 7, 11});
  CHECK(result.placement.box_low == low);
  CHECK(result.placement.source_offset == Size3{1, 0, 0});
  CHECK(result.placement.destination_offset == Size3{0, 1, 0});
  CHECK(result.placement.extent == Size3{4, 4, 11});
  CHECK(result.cut == Size3{3, 0, 0});

  int64_t wrong = 0;
  for (int64_t x = 0; x < 4; ++x) {
    for (int64_t y = 0; y < 7; ++y) {
      for (int64_t z = 0; z < 11; ++z) {
        const size_t at = output_index({4, 7, 11}, x, y, z);
        const bool padding = y < 1 || y >= 5;
        const size_t from = file_index(file, 2 + 1 + x, 3 + y - 1, 1 + z);
        wrong += result.labels[at] != (padding ? 0 : (*volumes.labels)[from]);
        for (size_t m = 0; m < 4; ++m) {
          const auto& s = result.statistics[m];
          const double value = (static_cast<double>((m + 1) * (from + 1)) - s.mean) / s.deviation;
          wrong += padding ? result.image[at * 4 + m] != 0 : std::abs(result.image[at * 4 + m] - value) > 1e-6;
        }
      }
    }
  }
  CHECK(wrong == 0);
  // Modality m is m + 1 times the first, and so are its statistics. Standardised, they are equal.
  CHECK(result.statistics[0].count == 4 * 4 * 11);
  CHECK(result.statistics[3].mean == Approx(4 * result.statistics[0].mean).epsilon(1e-12));
  CHECK(result.statistics[3].deviation == Approx(4 * result.statistics[0].deviation).epsilon(1e-12));
}

TEST_CASE("statistics are of the cropped volume, and of the population") {
  const Size3 size = {5, 1, 1};
  io::CaseVolumes volumes = zero_case(size);
  for (auto& modality : volumes.modalities) modality = {1000, 1, 2, 3, -1000};
  const auto result = io::preprocess(volumes, {3, 1, 1});
  CHECK(result.cut == Size3{2, 0, 0});
  for (const auto& s : result.statistics) {
    CHECK(s.mean == 2.0);
    CHECK(s.deviation == Approx(std::sqrt(2.0 / 3.0)).epsilon(1e-15));
    CHECK(s.least == 1.0f);
    CHECK(s.greatest == 3.0f);
  }
}

TEST_CASE("volumes that cannot be standardised") {
  const Size3 size = {4, 3, 2};
  io::CaseVolumes volumes = box_case(size, {0, 0, 0}, size);
  const auto refusal = [&](const Size3& field) {
    return message_of<DataError>([&] { io::preprocess(volumes, field); });
  };
  SECTION("nothing at all") {
    volumes = zero_case(size);
    CHECK_THAT(refusal(size), ContainsSubstring("[case] expected voxels other than 0, got zeros in all modalities"));
  }
  SECTION("one modality of zeros") {
    volumes.modalities[2].assign(24, 0.0f);
    CHECK_THAT(refusal(size), ContainsSubstring("[case] expected voxels of t2 other than 0, got zeros"));
  }
  SECTION("one modality of a constant whose mean rounds") {
    volumes.modalities[1].assign(24, 0.1f);
    volumes.modalities[1][3] = 0;
    CHECK_THAT(refusal(size), ContainsSubstring("varying voxels in t1ce, got 0.1 in all 23 non-zero voxels"));
  }
  SECTION("one voxel") {
    CHECK_THAT(refusal({1, 1, 1}), ContainsSubstring("varying voxels in t1,"));
  }
  SECTION("a field of view of nothing") {
    CHECK_THAT(message_of<UsageError>([&] { io::preprocess(volumes, {4, 0, 2}); }), ContainsSubstring("got 4 x 0 x 2"));
  }
  SECTION("volumes of another size than the grid's") {
    volumes.modalities[3].pop_back();
    CHECK_THAT(message_of<Error>([&] { io::preprocess(volumes, size); }),
               ContainsSubstring("24 voxels of flair, got 23"));
  }
}

TEST_CASE("a modality that is missing stays zero, and changes nothing of the others") {
  const Size3 size = {4, 3, 2};
  io::CaseVolumes volumes = box_case(size, {0, 0, 0}, size);
  const io::Preprocessed whole = io::preprocess(volumes, size);
  volumes.modalities[2].assign(24, 0.0f);
  volumes.missing[2] = true;
  const io::Preprocessed got = io::preprocess(volumes, size);
  REQUIRE(got.image.size() == whole.image.size());
  for (size_t i = 0; i < got.image.size(); ++i) CHECK(got.image[i] == (i % 4 == 2 ? 0.0f : whole.image[i]));
  CHECK(got.statistics[2].count == 0);
}

TEST_CASE("a case without labels has none") {
  io::CaseVolumes volumes = box_case({4, 3, 2}, {0, 0, 0}, {4, 3, 2});
  volumes.labels.reset();
  CHECK(io::preprocess(volumes, {4, 4, 4}).labels.empty());
}

TEST_CASE("pasting back undoes cropping and padding") {
  const Size3 file = {12, 11, 13};
  const io::CaseVolumes volumes = box_case(file, {2, 3, 1}, {9, 7, 12});
  SECTION("padded: everything comes back") {
    const auto result = io::preprocess(volumes, {16, 9, 14});
    CHECK(io::paste_labels_back(result.labels, result.placement, file) == *volumes.labels);
  }
  SECTION("cropped: zeros where the box was cut") {
    const auto result = io::preprocess(volumes, {4, 2, 20});
    std::vector<uint8_t> expected(volumes.labels->size());
    for (int64_t x = 3; x < 7; ++x) {
      for (int64_t y = 4; y < 6; ++y) {
        for (int64_t z = 1; z < 12; ++z) {
          expected[file_index(file, x, y, z)] = (*volumes.labels)[file_index(file, x, y, z)];
        }
      }
    }
    CHECK(io::paste_labels_back(result.labels, result.placement, file) == expected);
  }
  SECTION("channels become frames") {
    auto result = io::preprocess(volumes, {16, 9, 14});
    const auto frames = io::paste_channels_back(result.image, 4, result.placement, file);
    const size_t count = volumes.labels->size();
    REQUIRE(frames.size() == 4 * count);
    int64_t wrong = 0;
    for (size_t m = 0; m < 4; ++m) {
      const auto& s = result.statistics[m];
      for (size_t v = 0; v < count; ++v) {
        const double back = frames[m * count + v] == 0 ? 0 : frames[m * count + v] * s.deviation + s.mean;
        wrong += std::abs(back - double{volumes.modalities[m][v]}) > 1e-3;  // values reach 7000: float's rounding
      }
    }
    CHECK(wrong == 0);
  }
  SECTION("a placement of another case") {
    const auto result = io::preprocess(volumes, {4, 2, 20});
    CHECK_THROWS_AS(io::paste_labels_back(result.labels, result.placement, {8, 5, 11}), Error);
    CHECK_THROWS_AS(io::paste_labels_back(std::vector<uint8_t>(10), result.placement, file), Error);
    CHECK_THROWS_AS(io::paste_channels_back(result.image, 3, result.placement, file), Error);
  }
}

TEST_CASE("labels in the padding are cleared, those of the box are kept") {
  const io::Size3 file = {8, 9, 13};
  const io::CaseVolumes volumes = box_case(file, {2, 3, 1}, {7, 7, 12});  // a box of 5 x 4 x 11 voxels
  io::Placement placement = io::preprocess(volumes, {8, 4, 9}).placement;
  std::vector<uint8_t> labels(8 * 4 * 9, 2);
  io::clear_padding(labels, placement);
  for (size_t x = 0; x < 8; ++x) {
    const uint8_t expected = x >= 1 && x < 6 ? 2 : 0;  // 3 planes of padding: one before the box, two after it
    INFO(x);
    CHECK(std::ranges::count(std::span(labels).subspan(x * 4 * 9, size_t{4} * 9), expected) == 4 * 9);
  }
  CHECK_THROWS_AS(io::clear_padding(std::span(labels).subspan(1), placement), Error);
}

TEST_CASE("the box of non-zero voxels is looked for once: volumes that were cut to it are taken whole") {
  io::CaseVolumes volumes = box_case({6, 5, 4}, {1, 1, 1}, {5, 4, 3});
  CHECK_FALSE(volumes.cut_to_nonzero);
  CHECK(io::nonzero_extent(volumes) == Size3{4, 3, 2});
  const io::CaseVolumes cut = io::cropped_to_nonzero(volumes);
  CHECK(cut.cut_to_nonzero);
  CHECK(io::nonzero_extent(cut) == Size3{4, 3, 2});
  // Nobody looks at the voxels of a box that is known, so this one keeps its border of zeros.
  volumes.cut_to_nonzero = true;
  CHECK(io::nonzero_extent(volumes) == Size3{6, 5, 4});
  CHECK(io::preprocess(volumes, {6, 5, 4}).placement.extent == Size3{6, 5, 4});
}

TEST_CASE("preprocessing refuses labels other than 0, 1, 2 and 4") {
  io::CaseVolumes volumes = box_case({4, 3, 2}, {0, 0, 0}, {4, 3, 2});
  volumes.labels->at(file_index({4, 3, 2}, 1, 0, 0)) = 3;
  CHECK_THAT(message_of<Error>([&] {
               io::preprocess(volumes, {4, 3, 2});
             }),
             ContainsSubstring("expected the labels 0, 1, 2 and 4, got 3"));
}

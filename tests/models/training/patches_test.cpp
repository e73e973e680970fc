// Tests where patches lie in their case, and that image and labels lie at the same place.
#include <algorithm>
#include <cmath>
#include <set>

#include "models/training/samples/samples.h"
#include "tests/support/catch.h"

using namespace revunet;

namespace {

constexpr io::Size3 volume = {12, 10, 8}, patch = {4, 6, 2};

// Channel c of voxel (x, y, z) holds a number that encodes its place. It is below 2^24, so it is exact.
float code(int64_t x, int64_t y, int64_t z, int64_t c) {
  return static_cast<float>(((x * 100 + y) * 100 + z) * 10 + c);
}

io::Preprocessed coded_case() {
  io::Preprocessed result;
  result.task = io::brats_task();
  result.placement.size = volume;
  for (int64_t x = 0; x < volume[0]; ++x)
    for (int64_t y = 0; y < volume[1]; ++y)
      for (int64_t z = 0; z < volume[2]; ++z) {
        for (int64_t c = 0; c < 4; ++c) result.image.push_back(code(x, y, z, c));
        result.labels.push_back(0);
      }
  return result;
}

uint8_t& label_at(io::Preprocessed& c, int64_t x, int64_t y, int64_t z) {
  return c.labels[static_cast<size_t>((x * volume[1] + y) * volume[2] + z)];
}

// Returns the patch's corner, decoded from its first voxel.
std::array<int64_t, 3> corner(const Sample& sample) {
  const auto first = static_cast<int64_t>(sample.voxels.image[0]);
  return {first / 100000, first / 1000 % 100, first / 10 % 100};
}

bool holds_tumour(const Sample& sample) {
  return std::ranges::any_of(sample.voxels.labels, [](uint8_t label) { return label != 0; });
}

}  // namespace

TEST_CASE("a patch is a window of its case, image and labels alike", "[train]") {
  io::Preprocessed c = coded_case();
  for (int64_t x = 2; x < 9; ++x)
    for (int64_t z = 1; z < 7; ++z) label_at(c, x, 5, z) = static_cast<uint8_t>(x < 4 ? 1 : x < 7 ? 2 : 4);
  std::set<std::array<int64_t, 3>> corners;
  for (uint64_t draw = 0; draw < 20000; ++draw) {
    const Sample sample = random_patch(c, patch, 0.5, Rng(1, draw));
    const auto low = corner(sample);
    corners.insert(low);
    std::vector<float> image;
    std::vector<uint8_t> labels;
    for (int64_t x = low[0]; x < low[0] + patch[0]; ++x)
      for (int64_t y = low[1]; y < low[1] + patch[1]; ++y)
        for (int64_t z = low[2]; z < low[2] + patch[2]; ++z) {
          for (int64_t channel = 0; channel < 4; ++channel) image.push_back(code(x, y, z, channel));
          labels.push_back(label_at(c, x, y, z));
        }
    REQUIRE(sample.voxels.size == patch);
    REQUIRE(std::ranges::equal(sample.voxels.image, image));
    REQUIRE(std::ranges::equal(sample.voxels.labels, labels));
  }
  CHECK(corners.size() == 9 * 5 * 7);  // every window that fits: each is missed with probability below e^-31
}

TEST_CASE("half of the patches are put on the tumour, which lies anywhere in them", "[train]") {
  constexpr int draws = 4000;
  // Checks the share of patches that hold the one tumour voxel: a half, and of the other half those that hold it by
  // chance.
  const auto expect_share = [](io::Preprocessed& c, double by_chance) {
    const double expected = 0.5 + 0.5 * by_chance;
    int holding = 0;
    for (uint64_t draw = 0; draw < draws; ++draw) holding += holds_tumour(random_patch(c, patch, 0.5, Rng(2, draw)));
    CHECK(std::abs(holding / double{draws} - expected) < 5 * std::sqrt(expected * (1 - expected) / draws));
  };
  io::Preprocessed in_corner = coded_case();
  label_at(in_corner, 11, 0, 7) = 4;
  expect_share(in_corner, 1.0 / (9 * 5 * 7));  // one window of all holds the corner
  io::Preprocessed inside = coded_case();
  label_at(inside, 5, 5, 4) = 1;
  expect_share(inside, 4.0 * 5 * 2 / (9 * 5 * 7));

  std::array<int, 4> place{};  // of the voxel inside the patch, along x
  int holding = 0;
  for (uint64_t draw = 0; draw < draws; ++draw) {
    const Sample sample = random_patch(inside, patch, 0.5, Rng(3, draw));
    if (!holds_tumour(sample)) continue;
    ++holding;
    ++place.at(static_cast<size_t>(5 - corner(sample)[0]));
  }
  for (const int count : place) CHECK(std::abs(count - holding / 4.0) < 5 * std::sqrt(holding * 0.25 * 0.75));

  io::Preprocessed healthy = coded_case();
  CHECK_FALSE(holds_tumour(random_patch(healthy, patch, 0.5, Rng(4))));
  const Sample all = random_patch(inside, volume, 0.5, Rng(5));
  CHECK(std::ranges::equal(all.voxels.image, inside.image));
  CHECK(std::ranges::equal(all.voxels.labels, inside.labels));
}

TEST_CASE("samples of the whole field of view share their case's voxels, and keep them", "[train]") {
  SharedCase c = std::make_shared<const io::Preprocessed>(coded_case());
  const Sample whole = whole_sample(c), augmented = augmented_sample(c, {}, patch, 0.5, Rng(6));
  for (const HostSample& voxels : {whole.voxels, augmented.voxels}) {
    CHECK(voxels.size == volume);
    CHECK(voxels.image.data() == c->image.data());
    CHECK(voxels.labels.data() == c->labels.data());
  }
  CHECK(c.use_count() == 3);
  c.reset();
  CHECK(whole.voxels.image.back() == code(11, 9, 7, 3));
}

TEST_CASE("a sample that lacks modalities has zeros there, and its case keeps them", "[train]") {
  const auto c = std::make_shared<const io::Preprocessed>(coded_case());
  const Sample whole = whole_sample(c);
  const Sample lacking = without_modalities(whole, {false, true, false, true});
  for (size_t i = 0; i < c->image.size(); ++i) {
    const float wanted = i % 2 == 1 ? 0 : c->image[i];
    if (lacking.voxels.image[i] != wanted) FAIL("value " << i << ": " << lacking.voxels.image[i]);
  }
  CHECK(lacking.voxels.labels.data() == c->labels.data());
  CHECK(without_modalities(whole, {false, false, false, false}).voxels.image.data() == c->image.data());
}

TEST_CASE("a sample lacks each modality as often as was asked for, and never all", "[train]") {
  constexpr int kDraws = 20000;
  std::array<int, 3> lacking{};
  int of_all = 0;
  for (uint64_t draw = 0; draw < kDraws; ++draw) {
    const std::vector<bool> missing = draw_missing(3, 0.5, Rng(1, draw));
    int count = 0;
    for (size_t m = 0; m < 3; ++m) {
      lacking[m] += missing[m];
      count += missing[m];
    }
    of_all += count == 3;
  }
  CHECK(of_all == 0);
  // One of 8 draws lacks all, and then one modality of three is kept: 1/2 - 1/24. Five deviations are 0.018.
  for (const int count : lacking) CHECK(std::abs(count / double(kDraws) - (0.5 - 1 / 24.0)) < 0.018);
  CHECK(draw_missing(1, 0.9, Rng(2, 0)) == std::vector<bool>{false});
}

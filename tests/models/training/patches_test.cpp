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
    const Sample sample = random_patch(c, {.size = patch, .foreground = 0.5}, Rng(1, draw));
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
    for (uint64_t draw = 0; draw < draws; ++draw)
      holding += holds_tumour(random_patch(c, {.size = patch, .foreground = 0.5}, Rng(2, draw)));
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
    const Sample sample = random_patch(inside, {.size = patch, .foreground = 0.5}, Rng(3, draw));
    if (!holds_tumour(sample)) continue;
    ++holding;
    ++place.at(static_cast<size_t>(5 - corner(sample)[0]));
  }
  for (const int count : place) CHECK(std::abs(count - holding / 4.0) < 5 * std::sqrt(holding * 0.25 * 0.75));

  io::Preprocessed healthy = coded_case();
  CHECK_FALSE(holds_tumour(random_patch(healthy, {.size = patch, .foreground = 0.5}, Rng(4))));
  const Sample all = random_patch(inside, {.size = volume, .foreground = 0.5}, Rng(5));
  CHECK(std::ranges::equal(all.voxels.image, inside.image));
  CHECK(std::ranges::equal(all.voxels.labels, inside.labels));
}

TEST_CASE("samples of the whole field of view share their case's voxels, and keep them", "[train]") {
  SharedCase c = std::make_shared<const io::Preprocessed>(coded_case());
  const Sample whole = whole_sample(c), augmented = augmented_sample(c, {}, {.size = patch, .foreground = 0.5}, Rng(6));
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

TEST_CASE("a patch with what surrounds it turns about its own centre, and sees zeros beyond its case", "[train]") {
  io::Preprocessed c = coded_case();
  label_at(c, 0, 0, 7) = 2;
  const io::Size3 around = {8, 9, 2};
  PlaneWarp warp;
  warp.flip = {true, false, false};
  std::set<std::array<int64_t, 3>> corners;
  for (uint64_t draw = 0; draw < 2000; ++draw) {
    const PatchPlace place{.size = patch, .foreground = 0.5};
    const Sample sample = augmented_patch(c, warp, place, around, Rng(7, draw));
    REQUIRE(sample.voxels.size == around);
    const SampleWindow& window = sample.voxels.window.value();
    CHECK((window.size == patch && window.low == io::Size3{2, 1, 0}));
    CHECK(window.warp.flip == warp.flip);
    // The window is the patch that the same random numbers give.
    const auto low = corner(random_patch(c, place, Rng(7, draw)));
    corners.insert(low);
    size_t voxel = 0;
    for (int64_t x = low[0] - 2; x < low[0] + 6; ++x)
      for (int64_t y = low[1] - 1; y < low[1] + 8; ++y)
        for (int64_t z = low[2]; z < low[2] + 2; ++z, ++voxel) {
          const bool inside = x >= 0 && x < volume[0] && y >= 0 && y < volume[1];
          for (int64_t channel = 0; channel < 4; ++channel) {
            const float wanted = inside ? code(x, y, z, channel) : 0;
            const float found = sample.voxels.image[4 * voxel + static_cast<size_t>(channel)];
            if (found != wanted) FAIL("voxel " << x << ',' << y << ',' << z << ": " << found << ", not " << wanted);
          }
          const uint8_t wanted = inside ? label_at(c, x, y, z) : uint8_t{0};
          if (sample.voxels.labels[voxel] != wanted) FAIL("label of " << x << ',' << y << ',' << z);
        }
  }
  CHECK(corners.contains({0, 0, 6}));  // some lie at the border
}

// As warp_planes says it: a voxel of the output is flipped, and then turned about the centre of what was cut out.
TEST_CASE("a patch that is placed on a voxel shows it when it has turned", "[train]") {
  io::Preprocessed c = coded_case();
  label_at(c, 6, 5, 4) = 2;
  PlaneWarp warp;
  const double r = 0.8 * std::sqrt(0.5);
  warp.matrix = {r, -r, r, r};  // 45 degrees, and smaller steps
  warp.flip = {true, false, false};
  for (const io::Size3& around : {io::Size3{8, 8, 2}, {9, 8, 2}, {8, 9, 2}}) {
    std::set<std::pair<int64_t, int64_t>> places;
    const double cx = static_cast<double>(around[0] - 1) / 2, cy = static_cast<double>(around[1] - 1) / 2;
    for (uint64_t draw = 0; draw < 500; ++draw) {
      const Sample sample = augmented_patch(c, warp, {.size = {4, 4, 2}, .foreground = 1}, around, Rng(9, draw));
      const auto voxel = std::ranges::find(sample.voxels.labels, 2) - sample.voxels.labels.begin();
      REQUIRE(voxel < std::ssize(sample.voxels.labels));
      const int64_t x = voxel / (2 * around[1]), y = voxel / 2 % around[1];
      const io::Size3& low = sample.voxels.window->low;
      bool shown = false;
      for (int64_t i = low[0]; i < low[0] + 4; ++i)
        for (int64_t j = low[1]; j < low[1] + 4; ++j) {
          const double dx = static_cast<double>(around[0] - 1 - i) - cx, dy = static_cast<double>(j) - cy;
          if (std::lround(cx + r * dx - r * dy) != x || std::lround(cy + r * dx + r * dy) != y) continue;
          shown = true;
          places.emplace(i - low[0], j - low[1]);
        }
      CHECK(shown);
    }
    CHECK(places.size() == 16);  // anywhere in the patch
  }
}

TEST_CASE("patches placed by regions hold small regions as often as large ones", "[train]") {
  io::Preprocessed c = coded_case();
  c.task = std::make_shared<const io::Task>(
      "two", std::vector<std::string>{"a", "b", "c", "d"},
      std::vector<io::Task::Label>{{0, "background"}, {1, "large"}, {2, "small"}, {3, "absent"}},
      std::vector<io::Task::Region>{{"large", {1}, 1}, {"small", {2}, 2}, {"absent", {3}, 3}});
  for (int64_t x = 0; x < 5; ++x)
    for (int64_t y = 0; y < 10; ++y)
      for (int64_t z = 0; z < 8; ++z) label_at(c, x, y, z) = 1;
  label_at(c, 11, 9, 7) = 2;  // no patch holds both
  const auto share_of_small = [&](ForegroundBy by) {
    constexpr int draws = 4000;
    int small = 0;
    for (uint64_t draw = 0; draw < draws; ++draw) {
      const Sample sample = random_patch(c, {.size = patch, .foreground = 1, .by = by}, Rng(8, draw));
      small += std::ranges::count(sample.voxels.labels, 2) > 0;
    }
    return small / static_cast<double>(draws);
  };
  // A share of 1/2 of 4000 draws has a standard error of 0.008, and one of 1/401 of 0.0008.
  CHECK(std::abs(share_of_small(ForegroundBy::region) - 0.5) < 0.04);
  CHECK(std::abs(share_of_small(ForegroundBy::voxel) - 1.0 / 401) < 0.004);
}

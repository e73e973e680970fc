// Tests phantoms: brains with a tumour, no easier than they should be.
#include "io/phantom/phantom.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/rng.h"
#include "io/phantom/random.h"
#include "tests/support/catch.h"

using namespace revunet;

namespace {

constexpr std::array<int64_t, 3> half_size = {120, 120, 78};  // half of BraTS's in an eighth of the time
enum Modality : size_t { t1, t1ce, t2, flair };

int64_t count(const io::PhantomCase& phantom, uint8_t label) {
  return std::count(phantom.labels.begin(), phantom.labels.end(), label);
}

// Returns the mean intensity over the brain's voxels of one label.
double mean(const io::PhantomCase& phantom, Modality modality, uint8_t label) {
  double sum = 0, voxels = 0;
  for (size_t i = 0; i < phantom.labels.size(); ++i) {
    if (phantom.labels[i] != label || phantom.modalities[t1][i] == 0) continue;
    sum += phantom.modalities[modality][i];
    voxels += 1;
  }
  return sum / voxels;
}

// Returns the best Dice of the whole tumour that any threshold reaches, taking what is above it or what is below.
double best_threshold_dice(const io::PhantomCase& phantom, const std::vector<int16_t>& modality) {
  const int16_t highest = *std::max_element(modality.begin(), modality.end());
  std::vector<double> tumour(static_cast<size_t>(highest) + 1), all(static_cast<size_t>(highest) + 1);
  for (size_t i = 0; i < modality.size(); ++i) {
    if (modality[i] == 0) continue;
    all[static_cast<size_t>(modality[i])] += 1;
    tumour[static_cast<size_t>(modality[i])] += phantom.labels[i] != 0;
  }
  const double whole_tumour = std::accumulate(tumour.begin(), tumour.end(), 0.0);
  const double brain = std::accumulate(all.begin(), all.end(), 0.0);
  double best = 0, tumour_below = 0, all_below = 0;
  for (size_t value = 0; value < all.size(); ++value) {
    tumour_below += tumour[value];
    all_below += all[value];
    best = std::max({best, 2 * tumour_below / (all_below + whole_tumour),
                     2 * (whole_tumour - tumour_below) / (brain - all_below + whole_tumour)});
  }
  return best;
}

}  // namespace

TEST_CASE("random numbers are splitmix64's and normal", "[phantom]") {
  CHECK(splitmix64(0) == 0xE220A8397B1DCDAFull);  // the reference implementation's first two outputs for seed 0
  CHECK(splitmix64(0x9E3779B97F4A7C15ull) == 0x6E789E6AA1B965F4ull);
  constexpr int draws = 100000;
  double sum = 0, squares = 0, products = 0, fourth = 0;
  for (uint64_t i = 0; i < draws; ++i) {
    const auto [a, b] = io::normal_pair(42, i);
    sum += a + b;
    squares += a * a + b * b;
    products += a * b;
    fourth += a * a * a * a + b * b * b * b;
  }
  // The bounds are five standard errors of each mean.
  CHECK(std::abs(sum / (2 * draws)) < 5 / std::sqrt(2.0 * draws));
  CHECK(std::abs(squares / (2 * draws) - 1) < 5 * std::sqrt(2 / (2.0 * draws)));
  CHECK(std::abs(products / draws) < 5 / std::sqrt(1.0 * draws));
  CHECK(std::abs(fourth / (2 * draws) - 3) < 5 * std::sqrt(96 / (2.0 * draws)));
}

TEST_CASE("a phantom is a skull-stripped brain with a glioma's contrast", "[phantom]") {
  const int64_t index = GENERATE(0, 1, 3);
  const bool enhances = index != 3;  // one in five does not
  CHECK(io::phantom_enhances(index) == enhances);
  const io::PhantomCase phantom = io::make_phantom(half_size, 7, index);
  const size_t voxels = phantom.labels.size();
  int64_t brain = 0, masks_differ = 0, tumour_outside = 0, other_labels = 0;
  for (size_t i = 0; i < voxels; ++i) {
    const bool inside = phantom.modalities[t1][i] != 0;
    brain += inside;
    for (const auto& modality : phantom.modalities) masks_differ += (modality[i] != 0) != inside || modality[i] < 0;
    tumour_outside += phantom.labels[i] != 0 && !inside;
    other_labels += phantom.labels[i] == 3 || phantom.labels[i] > 4;
  }
  CHECK(masks_differ == 0);
  CHECK(tumour_outside == 0);
  CHECK(other_labels == 0);
  // A brain has 1.1 to 1.7 litres in the 8.9 of a BraTS image. Tumours of BraTS take 0.5 to 20 % of it.
  const double brain_share = static_cast<double>(brain) / static_cast<double>(voxels);
  CHECK(brain_share > 0.12);
  CHECK(brain_share < 0.19);
  const int64_t tumour = count(phantom, 1) + count(phantom, 2) + count(phantom, 4);
  const double tumour_share = static_cast<double>(tumour) / static_cast<double>(brain);
  CHECK(tumour_share > 0.005);
  CHECK(tumour_share < 0.20);
  CHECK(count(phantom, 1) > 0);
  CHECK(count(phantom, 2) > count(phantom, 1));
  CHECK((count(phantom, 4) > 0) == enhances);
  CHECK(std::all_of(phantom.modalities[t1].begin(), phantom.modalities[t1].begin() + half_size[0] * half_size[1],
                    [](int16_t value) { return value == 0; }));  // the lowest slice

  for (const Modality bright : {t2, flair}) CHECK(mean(phantom, bright, 2) > 1.1 * mean(phantom, bright, 0));
  CHECK(mean(phantom, t1, 1) < 0.85 * mean(phantom, t1, 0));
  CHECK(mean(phantom, t2, 1) > 1.2 * mean(phantom, t2, 0));
  if (enhances) {
    CHECK(mean(phantom, t1ce, 4) > 1.4 * mean(phantom, t1ce, 0));
    CHECK(mean(phantom, t1ce, 4) > 1.8 * mean(phantom, t1ce, 1));
    CHECK(mean(phantom, t1, 4) < 1.1 * mean(phantom, t1, 0));  // not without the contrast agent
  }
}

TEST_CASE("small phantoms keep every label", "[phantom]") {
  for (int64_t index = 0; index < 20; ++index) {
    INFO("case " << index);
    const io::PhantomCase phantom = io::make_phantom({32, 32, 32}, 11, index);
    CHECK(count(phantom, 1) > 0);
    CHECK(count(phantom, 2) > 0);
    CHECK((count(phantom, 4) > 0) == (index % 5 != 3));
  }
}

TEST_CASE("no single threshold finds the tumour", "[phantom]") {
  struct Set {
    std::array<int64_t, 3> size;
    int64_t cases;
  };
  for (const Set& set : {Set{{48, 48, 32}, 20}, Set{{96, 96, 64}, 6}, Set{half_size, 4}}) {
    std::array<double, 4> sum{};
    for (int64_t index = 0; index < set.cases; ++index) {
      const io::PhantomCase phantom = io::make_phantom(set.size, 3, index);
      for (size_t m = 0; m < 4; ++m) {
        const double dice = best_threshold_dice(phantom, phantom.modalities[m]);
        INFO("size " << set.size[0] << ", case " << index << ", modality " << m);
        CHECK(dice < 0.90);
        sum[m] += dice;
      }
    }
    // This holds even with the best threshold for each case, which needs the answer. A real BraTS case reaches 0.54 on
    // FLAIR.
    for (size_t m = 0; m < 4; ++m) CHECK(sum[m] / static_cast<double>(set.cases) < 0.70);
  }
}

// Tests means over networks and over mirror images.

#include "models/inference/ensemble.h"
#include "engine/rng.h"
#include "tests/models/inference/seeded_weights.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
namespace fs = std::filesystem;

namespace {

constexpr io::Size3 kSize = {6, 8, 4};

std::vector<float> random_image() {
  Rng rng(4);
  std::vector<float> image(static_cast<size_t>(kSize[0] * kSize[1] * kSize[2] * 4));
  for (float& v : image) v = static_cast<float>(rng.normal());
  return image;
}

}  // namespace

TEST_CASE("mirroring goes through one axis at a time", "[predict]") {
  // These are two channels of a volume of 2 x 1 x 3: 10 x + z, and a hundred times that.
  const std::vector<float> values = {0, 0, 1, 100, 2, 200, 10, 1000, 11, 1100, 12, 1200};
  CHECK(mirrored(values, {2, 1, 3}, 2, {true, true, false}) ==
        std::vector<float>{10, 1000, 11, 1100, 12, 1200, 0, 0, 1, 100, 2, 200});
  CHECK(mirrored(values, {2, 1, 3}, 2, {false, false, true}) ==
        std::vector<float>{2, 200, 1, 100, 0, 0, 12, 1200, 11, 1100, 10, 1000});
  CHECK(mirrored(mirrored(values, {2, 1, 3}, 2, {true, false, true}), {2, 1, 3}, 2, {true, false, true}) == values);
}

TEST_CASE("a prediction of all mirror images does not know left from right", "[predict]") {
  const TemporaryFolder folder;
  Device device;
  const std::vector<fs::path> weights = {weights_of_seed(folder / "a.safetensors", 1, kSize)};
  const std::vector<float> image = random_image();
  for (const MirrorAxes& axes : {MirrorAxes{true, false, false}, {false, true, true}, {true, true, true}}) {
    const Ensemble mirroring({device}, weights, Precision::fp32, axes), plain({device}, weights, Precision::fp32, {});
    const auto difference = [&](const Ensemble& ensemble) {
      const auto seen = ensemble.probabilities(mirrored(image, kSize, 4, axes), kSize);
      return largest_difference(mirrored(seen, kSize, 3, axes), ensemble.probabilities(image, kSize));
    };
    CHECK(difference(mirroring) <= 1e-6f);  // the same sums of up to eight probabilities, in another order
    CHECK(difference(plain) > 1e-3f);
  }
}

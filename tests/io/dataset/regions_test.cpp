// Tests which labels each region has, and how regions become labels again.
#include "io/dataset/regions.h"

#include <limits>

#include "engine/error.h"
#include "tests/io/test_files.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;

TEST_CASE("labels and regions: WT 1, 2, 4, TC 1, 4, ET 4") {
  const std::vector<uint8_t> labels = {0, 1, 2, 4};
  const std::vector<float> regions = {0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1};
  CHECK(io::regions_to_labels(regions) == labels);
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto inside = io::regions_of(labels[i]);
    for (size_t r = 0; r < 3; ++r) CHECK(inside[r] == (regions[3 * i + r] != 0));
  }
}

TEST_CASE("regions to labels: all eight combinations, the later region wins") {
  // The index is WT + 2 TC + 4 ET.
  const std::vector<uint8_t> expected = {0, 2, 1, 1, 4, 4, 4, 4};
  std::vector<float> probabilities;
  std::vector<uint8_t> masks;
  for (int i = 0; i < 8; ++i) {
    for (int region = 0; region < 3; ++region) {
      const bool inside = (i >> region) & 1;
      probabilities.push_back(inside ? 0.51f : 0.5f);  // at the threshold is outside
      masks.push_back(inside ? 7 : 0);
    }
  }
  CHECK(io::regions_to_labels(probabilities) == expected);
  CHECK(io::regions_to_labels(masks) == expected);
  CHECK(io::regions_to_labels(probabilities, 0.6f) == std::vector<uint8_t>(8, 0));
  CHECK_THROWS_AS(io::regions_to_labels(std::vector<float>(4)), Error);
  probabilities[4] = std::nanf("");
  CHECK_THAT(test::message_of<NonFiniteError>([&] { io::regions_to_labels(probabilities); }),
             ContainsSubstring("NaN at voxel 1"));
}

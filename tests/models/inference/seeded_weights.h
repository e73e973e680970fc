// Writes weights that differ by their seed, and says how far apart two predictions are.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include "tests/models/tiny_weights.h"
#include "tests/support/catch.h"

namespace revunet::test {

inline std::filesystem::path weights_of_seed(const std::filesystem::path& path, uint64_t seed, const io::Size3& size) {
  Device device;
  save_weights(path, *make_unet(Context{device}, tiny_network, DType::f32, seed), size);
  return path;
}

inline float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  float largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace revunet::test

// This file has masks of simple shapes, and the golden files that say how far apart they are.
#pragma once

#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/preprocessing/mask_box.h"
#include "tests/support/places.h"

namespace revunet::test {

using io::Index3;
using Inside = std::function<bool(int64_t, int64_t, int64_t)>;  // of x, y, z

inline std::vector<uint8_t> mask_of(const Index3& size, const Inside& inside) {
  std::vector<uint8_t> mask;
  for (int64_t z = 0; z < size[2]; ++z) {
    for (int64_t y = 0; y < size[1]; ++y) {
      for (int64_t x = 0; x < size[0]; ++x) mask.push_back(inside(x, y, z));
    }
  }
  return mask;
}

// These are the masks of a row of hd95_random.json or nsd_random.json, drawn as tests/golden/make_hd95_random.py says.
// Throws std::runtime_error where they have other numbers of voxels than the row.
struct RandomMasks {
  static constexpr Index3 size = {9, 7, 8};

  explicit RandomMasks(const nlohmann::json& row) {
    std::mt19937 random(row.at("seed").get<unsigned>());
    const auto density = row.at("density").get<unsigned>();
    const auto draw = [&](int64_t, int64_t, int64_t) { return random() % 100 < density; };
    a = mask_of(size, draw), b = mask_of(size, draw);
    a[3] = b[100] = 1;
    const bool same = std::accumulate(a.begin(), a.end(), 0) == row.at("voxels_a") &&
                      std::accumulate(b.begin(), b.end(), 0) == row.at("voxels_b");
    if (!same) throw std::runtime_error("expected masks of as many voxels as in " + row.dump());
  }

  std::vector<uint8_t> a, b;
};

// Returns a box of voxels from low, of the given extent.
inline Inside block(const Index3& low, const Index3& extent) {
  return [=](int64_t x, int64_t y, int64_t z) {
    return x >= low[0] && x < low[0] + extent[0] && y >= low[1] && y < low[1] + extent[1] && z >= low[2] &&
           z < low[2] + extent[2];
  };
}

inline Inside cube(const Index3& low, int64_t side) {
  return block(low, {side, side, side});
}

inline Inside ball(int64_t centre, int64_t radius) {
  return [=](int64_t x, int64_t y, int64_t z) {
    x -= centre, y -= centre, z -= centre;
    return x * x + y * y + z * z <= radius * radius;
  };
}

inline Inside either_of(const Inside& a, const Inside& b) {
  return [=](int64_t x, int64_t y, int64_t z) { return a(x, y, z) || b(x, y, z); };
}

// Makes a pair of masks from the words that the golden files use for it.
struct ShapeCase {
  std::string name;
  Index3 size;
  io::Spacing3 spacing;
  Inside a, b;
};

inline nlohmann::json read_golden(const char* name) {
  std::ifstream stream(golden_dir() + "/" + name);
  return nlohmann::json::parse(stream);
}

inline nlohmann::json row_named(const nlohmann::json& rows, const std::string& name) {
  for (const auto& row : rows) {
    if (row.at("case") == name) return row;
  }
  throw std::runtime_error("no golden row " + name);
}

}  // namespace revunet::test

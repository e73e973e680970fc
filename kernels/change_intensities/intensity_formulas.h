// These formulas say what happens to one channel of a voxel. Host and device share them, in float.
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/rng.h"
#include "kernels/change_intensities/change_intensities.h"

namespace revunet {

// Returns a normal number for (key, index), by Box and Muller.
REVUNET_HOST_DEVICE inline float normal_at(uint64_t key, int64_t index) {
  const uint64_t bits = splitmix64(key + static_cast<uint64_t>(index));
  const float u = (static_cast<float>(bits >> 40) + 1.0f) * 0x1.0p-24f;  // in (0, 1]
  const float v = static_cast<float>(bits & 0xFFFFFF) * 0x1.0p-24f;      // in [0, 1)
  return std::sqrt(-2.0f * std::log(u)) * std::cos(6.283185307179586f * v);
}

// index is that of the voxel's channel in the image, without padding.
REVUNET_HOST_DEVICE inline float changed_point(float v, const IntensityChange& c, PointStep step, uint64_t key,
                                               int64_t index) {
  if (v == 0) return 0;
  if (step == PointStep::noise) return c.noise > 0 ? v + c.noise * normal_at(key, index) : v;
  if (step == PointStep::brightness_contrast) {
    v *= c.brightness;
    return c.contrast == 1 ? v : std::fmin(std::fmax(c.contrast * v, c.least), c.greatest);
  }
  if (c.gamma == 1) return v;
  const float range = c.greatest - c.least, t = std::fmin(std::fmax((v - c.least) / range, 0.0f), 1.0f);
  return c.least + range * (c.inverted ? 1 - std::pow(1 - t, c.gamma) : std::pow(t, c.gamma));
}

// A CoarsePair interpolates along one axis of `size` voxels, on a coarser grid of `coarse` points whose cells fill it.
// It has the two points around voxel i, as the voxels that they are taken from, and the second point's weight.
struct CoarsePair {
  int64_t first, second;
  float weight;
};

REVUNET_HOST_DEVICE inline int64_t voxel_of_coarse(int64_t k, int64_t coarse, int64_t size) {
  const int64_t at = (2 * k + 1) * size / (2 * coarse);  // the middle of the cell
  return at < size ? at : size - 1;
}

REVUNET_HOST_DEVICE inline int64_t coarse_size(int64_t size, float resolution) {
  const auto coarse = static_cast<int64_t>(static_cast<float>(size) * resolution + 0.5f);
  return coarse < 1 ? 1 : coarse;
}

REVUNET_HOST_DEVICE inline CoarsePair coarse_pair(int64_t i, int64_t size, float resolution) {
  const int64_t coarse = coarse_size(size, resolution);
  const float scale = static_cast<float>(coarse) / static_cast<float>(size);
  float place = (static_cast<float>(i) + 0.5f) * scale - 0.5f;
  place = std::fmin(std::fmax(place, 0.0f), static_cast<float>(coarse - 1));
  const auto k = static_cast<int64_t>(place);
  const int64_t next = k + 1 < coarse ? k + 1 : k;
  return {voxel_of_coarse(k, coarse, size), voxel_of_coarse(next, coarse, size), place - static_cast<float>(k)};
}

}  // namespace revunet

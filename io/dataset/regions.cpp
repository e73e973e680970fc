#include "io/dataset/regions.h"

#include <cmath>

#include "engine/error.h"

namespace revunet::io {
namespace {

uint8_t label_of(bool whole_tumour, bool tumour_core, bool enhancing) {
  if (enhancing) return 4;
  if (tumour_core) return 1;
  return whole_tumour ? 2 : 0;
}

size_t voxels_of(size_t values) {
  REVUNET_EXPECTS(values % region_count == 0, Error,
                  "[regions_to_labels] expected three values a voxel, got {} values; pass (X, Y, Z, 3)", values);
  return values / region_count;
}

}  // namespace

std::vector<uint8_t> regions_to_labels(std::span<const float> probabilities, float threshold) {
  std::vector<uint8_t> labels(voxels_of(probabilities.size()));
  for (size_t v = 0; v < labels.size(); ++v) {
    const float* p = &probabilities[v * region_count];
    REVUNET_EXPECTS(!std::isnan(p[0]) && !std::isnan(p[1]) && !std::isnan(p[2]), NonFiniteError,
                    "[regions_to_labels] expected probabilities, got NaN at voxel {}; check the network's output", v);
    labels[v] = label_of(p[0] > threshold, p[1] > threshold, p[2] > threshold);
  }
  return labels;
}

std::vector<uint8_t> regions_to_labels(std::span<const uint8_t> masks) {
  std::vector<uint8_t> labels(voxels_of(masks.size()));
  for (size_t v = 0; v < labels.size(); ++v) {
    const uint8_t* m = &masks[v * region_count];
    labels[v] = label_of(m[0] != 0, m[1] != 0, m[2] != 0);
  }
  return labels;
}

}  // namespace revunet::io

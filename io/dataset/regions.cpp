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

std::vector<float> labels_to_regions(std::span<const uint8_t> labels) {
  std::vector<float> regions(labels.size() * region_count);
  for (size_t v = 0; v < labels.size(); ++v) {
    const uint8_t label = labels[v];
    REVUNET_EXPECTS(is_label(label), Error,
                    "[labels_to_regions] expected the labels 0, 1, 2 and 4, got {} at voxel {}; map the labels first",
                    label, v);
    const auto inside = regions_of(label);
    for (size_t r = 0; r < inside.size(); ++r) regions[v * region_count + r] = inside[r] ? 1.0f : 0.0f;
  }
  return regions;
}

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

// This file computes the 95 % Hausdorff distance of two masks by the three definitions in use.
//
// Non-obvious rule: they differ by a voxel or two on the same masks, so a number means nothing without its definition.
// All data is on the host. Functions are safe to call from several threads; results do not depend on the number of
// threads.
#pragma once

#include <string_view>

#include "io/scores/surface_distances.h"

namespace revunet::io {

enum class Hd95 {
  pooled,  // medpy: one percentile of both directed sets of edge-to-edge distances together
  max,     // MONAI: the larger of the two directed percentiles
  surfel,  // DeepMind's surface-distance, and so BraTS 2023: percentiles weighted by area, the larger direction
};

constexpr std::string_view name_of(Hd95 definition) {
  return definition == Hd95::pooled ? "pooled" : definition == Hd95::max ? "max" : "surfel";
}

// Returns a sentence for reports, which must say what their numbers mean.
std::string_view definition_of(Hd95 definition);

// Returns the kind of surface that a definition measures between.
Surface surface_of(Hd95 definition);

// Returns mm. Neither surface is empty, and both are of the definition's kind. pooled and max use numpy.percentile's
// linear interpolation between distances of edges. surfel is the least distance that holds 95 % of the surface's area.
double hausdorff_95(const SurfaceDistances& distances, Hd95 definition);

// Measures the distances first. Masks and memory are those of surface_distances.
double hausdorff_95(std::span<const uint8_t> a, std::span<const uint8_t> b, const Index3& size, const Spacing3& spacing,
                    Hd95 definition);

}  // namespace revunet::io

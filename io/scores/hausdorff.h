// The 95 % Hausdorff distance of two masks by the three definitions that are in use.
//
// Non-obvious rule: they differ by a voxel or two on the same masks, so a number means nothing without its definition.
// Host data only. Functions are safe to call from several threads; results do not depend on the number of threads.
#pragma once

#include <string>
#include <string_view>

#include "io/preprocessing/mask_box.h"

namespace revunet::io {

enum class Hd95 {
  pooled,  // medpy: one percentile of both directed sets of edge-to-edge distances together
  max,     // MONAI: the larger of the two directed percentiles
  surfel,  // DeepMind's surface-distance, and so BraTS 2023: percentiles weighted by area, the larger direction
};

constexpr std::string_view name_of(Hd95 definition) {
  return definition == Hd95::pooled ? "pooled" : definition == Hd95::max ? "max" : "surfel";
}

// "pooled", "max" or "surfel". UsageError for anything else.
Hd95 parse_hd95(const std::string& name);

// A sentence for reports, which must say what their numbers mean.
std::string_view definition_of(Hd95 definition);

// mm. Neither mask is empty; both have voxels_in(size) voxels. Memory: 12 bytes a voxel of the box around both masks
// (of each mask a copy and its edge, 1 byte each, and a distance, 8), 13 for surfel; and, while vectors of them grow,
// up to 24 bytes a voxel of the edges, 48 an element of the surface.
//
// pooled and max: numpy.percentile's linear interpolation between distances of edges, a mask minus its erosion by the
// 6-neighbour cross. surfel: the least distance that holds 95 % of the surface's area, between corners of voxels
// (io/scores/surfel_area.h). Outside the image is background.
double hausdorff_95(std::span<const uint8_t> a, std::span<const uint8_t> b, const Index3& size, const Spacing3& spacing,
                    Hd95 definition);

}  // namespace revunet::io

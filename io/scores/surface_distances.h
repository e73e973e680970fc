// This file computes the distances between the surfaces of two masks, from which HD95 and NSD are made.
//
// Non-obvious rule: there are two kinds of surfaces in use. Edges are voxels, which all count the same. Surfels lie at
// the corners where eight voxels meet, and count by their area. Outside the image is background for both.
#pragma once

#include "io/preprocessing/mask_box.h"

namespace revunet::io {

enum class Surface {
  edges,    // voxels of the mask minus its erosion by the 6-neighbour cross
  surfels,  // corners with voxels inside and outside around them (io/scores/surfel_area.h)
};

struct SurfaceElement {
  double squared;  // mm^2 to the nearest element of the other surface
  double area;     // mm^2; 1 for an edge, which has no area
};

struct SurfaceDistances {
  std::vector<SurfaceElement> from_a, from_b;  // in the order of voxels or corners, x fastest
};

// Neither mask is empty; both have voxels_in(size) voxels. Distances are exact Euclidean ones. Memory: 12 bytes per
// voxel of the box around both masks (for each mask a copy and its edge, 1 byte each, and a distance, 8), 13 for
// surfels. While vectors of elements grow, it is up to 48 bytes per element.
SurfaceDistances surface_distances(std::span<const uint8_t> a, std::span<const uint8_t> b, const Index3& size,
                                   const Spacing3& spacing, Surface surface);

}  // namespace revunet::io

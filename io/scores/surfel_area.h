// This file computes the area of a mask's surface at a corner where eight voxels meet, from which of the eight lie in
// the mask.
//
// Non-obvious rule: the surface is that of marching cubes through the midpoints of the edges between neighbouring voxel
// centres (Lorensen and Cline, 1987). Two choices are open there, and are made so that areas equal those of DeepMind's
// surface-distance. First, the smaller of the two sets of voxels (at four each, the mask) falls apart into its
// face-connected parts, each with a surface of its own. Second, a surface that is not plane is the one of the largest
// area at unit spacing.
#pragma once

#include <array>
#include <cstdint>

#include "io/preprocessing/mask_box.h"

namespace revunet::io {

// Returns mm^2 for each of the 256 neighbourhoods. Bit x + 2 y + 4 z is set where that voxel of 2 x 2 x 2 lies in the
// mask. The area is 0 for none and for all.
std::array<double, 256> surfel_areas(const Spacing3& spacing);

}  // namespace revunet::io

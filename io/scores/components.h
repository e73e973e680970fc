// This file finds the connected components of a mask. Voxels that touch by a face, an edge or a corner
// (26-connectivity) are one component.
#pragma once

#include <set>

#include "io/preprocessing/mask_box.h"

namespace revunet::io {

struct Components {
  std::vector<int32_t> of;      // for each voxel: 0 outside the mask, otherwise its component's number, from 1
  std::vector<int64_t> voxels;  // for each component: voxels[number - 1]
  int32_t count() const { return static_cast<int32_t>(voxels.size()); }
};

// Components are numbered in the order of their first voxels, x fastest. mask is non-zero inside and has
// voxels_in(size) voxels; otherwise throws Error.
Components connected_components(std::span<const uint8_t> mask, const Index3& size);

// Returns the smallest box of each component, in the order of their numbers. Every component has a voxel.
std::vector<MaskBox> boxes_of(const Components& components, const Index3& size);

// Returns the smallest box that holds both.
MaskBox box_around(const MaskBox& a, const MaskBox& b);

// Returns, within a box, the mask of the components with these numbers. It is 1 inside.
std::vector<uint8_t> mask_in(const MaskBox& box, const Components& components, const std::set<int32_t>& numbers,
                             const Index3& size);

}  // namespace revunet::io

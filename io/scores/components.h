// Connected components of a mask: voxels that touch by a face, an edge or a corner (26-connectivity) are one component.
#pragma once

#include "io/preprocessing/mask_box.h"

namespace revunet::io {

struct Components {
  std::vector<int32_t> of;      // of each voxel: 0 outside the mask, else its component's number, from 1
  std::vector<int64_t> voxels;  // of each component: voxels[number - 1]
  int32_t count() const { return static_cast<int32_t>(voxels.size()); }
};

// Components are numbered in the order of their first voxels, x fastest. mask: non-zero inside, voxels_in(size) voxels;
// Error otherwise.
Components connected_components(std::span<const uint8_t> mask, const Index3& size);

}  // namespace revunet::io

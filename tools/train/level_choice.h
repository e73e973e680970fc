// This file chooses how many levels a network has, and which axes the steps between them halve, by the images that it
// will see.
//
// Source: the topology of nnU-Net (Isensee et al., 2021), as it is for the median of the cases.
#pragma once

#include <vector>

#include "io/nifti/grid.h"
#include "io/nifti/volume_size.h"
#include "models/halved_axes.h"

namespace revunet::tools {

inline constexpr int64_t kLeastExtent = 4;  // voxels that the median case keeps along each axis that is halved

// Returns the axes that each step halves, for at most so many levels: one level more than there are steps. A step
// halves an axis if at least kLeastExtent voxels of the median case are left along it, and if the level's voxels are
// less than twice as long along it as along the shortest axis that can be halved. So thick slices wait until the other
// axes are as coarse, and short axes stay as they are. Of spacings (mm along x, y, z) only the ratios count. There are
// no more steps where no axis can be halved. Lengths are positive.
std::vector<HalvedAxes> choose_steps(const io::Size3& median, const io::Spacing3& spacing, size_t most_levels);

}  // namespace revunet::tools

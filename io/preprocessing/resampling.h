// These functions bring voxels from one grid to another that covers the same box with more or fewer voxels.
//
// Non-obvious rule: the outer faces of both grids coincide, so the centre of voxel i of `to` lies at (i + 0.5) * from /
// to - 0.5 in voxels of `from`. Beyond the faces an image goes on with the values at them. Voxels are x fastest.
// Nothing is smoothed before voxels become fewer. This is scipy.ndimage.zoom(mode="nearest", grid_mode=True), and what
// nnU-Net does.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/nifti/grid.h"
#include "io/nifti/volume_size.h"
#include "io/task/resampling.h"

namespace revunet::io {

// Returns the image with `to` voxels along each axis. Cubic splines interpolate (Unser, 1999), so they overshoot at
// edges; an axis of equal extents is left as it is. Sums are in double, and the same at any number of threads. Throws
// Error where there are not as many voxels as `from` has, or an extent is below 1.
std::vector<float> resampled(std::span<const float> voxels, const Size3& from, const Size3& to,
                             Interpolation interpolation);

// Returns slice z of the image with `to` voxels along each axis, interpolated linearly: (x, y), x fastest.
std::vector<float> resampled_slice(std::span<const float> voxels, const Size3& from, const Size3& to, int64_t z);

// Returns the labels with `to` voxels along each axis. Each label is interpolated linearly as a mask, and a voxel gets
// that of the greatest value, the lowest of equals. Throws as resampled does.
std::vector<uint8_t> resampled_labels(std::span<const uint8_t> labels, const Size3& from, const Size3& to);

// Returns the number of voxels that the grid has at this spacing (mm along its axes): its lengths divided by the
// spacing and rounded, and at least 1. Throws DataError for more voxels than VolumeSize holds.
Size3 size_at_spacing(const Grid& grid, const Spacing3& spacing);

// Returns the grid of the same box that has `size` voxels.
Grid grid_of_size(const Grid& grid, const Size3& size);

}  // namespace revunet::io

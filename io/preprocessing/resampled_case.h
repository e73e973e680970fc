// This file brings cases onto the grid on which their task's networks see them.
#pragma once

#include <optional>

#include "io/dataset/dataset.h"
#include "io/nifti/volume_size.h"

namespace revunet::io {

// Returns the voxels along each axis of the grid on which networks see an image of this grid. Throws as size_at_spacing
// does, and Error for a resampling that waits for a fingerprint.
Size3 resampled_size(const Grid& grid, const Resampling& resampling);

// Returns the largest number of those voxels along each axis that a box of `extent` voxels of the image can have.
// Throws as resampled_size does.
Size3 resampled_extent(const Size3& extent, const Grid& grid, const Resampling& resampling);

// Returns the case on that grid, or nothing where it is on it already. Images and labels are resampled as the task says
// (io/preprocessing/resampling.h). Voxels are 0 whose nearest voxel in the file lies outside of the box of all that is
// not zero, because splines overshoot. Where a modality is normalised over its non-zero voxels, those whose nearest
// voxel is 0 are 0 too. file_grid, orientation and header stay those of the files. Throws as resampled_size and
// nonzero_box do, DataError where the spacing is so coarse that nothing is left, and Error for volumes that were cut to
// a box.
std::optional<CaseVolumes> resampled_case(const CaseVolumes& volumes);

// Reads a case as its task's networks see it. Throws as load_case and resampled_case do.
CaseVolumes load_resampled_case(const CaseFiles& files);

}  // namespace revunet::io

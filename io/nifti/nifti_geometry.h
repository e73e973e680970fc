// This file says where the voxels of a NIfTI image lie, by its header: units, spacings and the affine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/nifti/grid.h"
#include "io/nifti/nifti_fields.h"

namespace revunet::io {

// Sets spacing, affine and `oriented` of a grid whose size is known. Throws DataError with path for units other than
// mm, and for spacings or an affine in use that cannot hold a volume. Adds to `tolerated` what is wrong but read all
// the same.
void judge_nifti_geometry(const NiftiFields& fields, Grid& grid, std::vector<std::string>& tolerated,
                          const std::filesystem::path& path);

}  // namespace revunet::io

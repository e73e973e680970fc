#include "io/nifti/nifti_geometry.h"

#include <nifti2_io.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include <Eigen/LU>

#include "engine/error.h"
#include "io/nifti/nifti.h"

namespace revunet::io {
namespace {

constexpr int spatial_unit_mask = 0x07;     // of xyzt_units; the other bits are the unit of time
constexpr double spacing_tolerance = 1e-3;  // relative: rounded headers of one image differ by less
constexpr double flat_volume = 1e-4;        // of unit vectors along the axes; below it they lie in a plane

// These are methods 3, 2 and 1 of nifti1.h, in this order.
Eigen::Matrix4d affine_of(const NiftiFields& f) {
  Eigen::Matrix4d affine = Eigen::Matrix4d::Identity();
  if (f.sform_code > 0) {
    for (int row = 0; row < 3; ++row) {
      for (int column = 0; column < 4; ++column)
        affine(row, column) = f.srow[static_cast<size_t>(row)][static_cast<size_t>(column)];
    }
  } else if (f.qform_code > 0) {
    const double handedness = f.pixdim[0] < 0 ? -1.0 : 1.0;
    const nifti_dmat44 q = nifti_quatern_to_dmat44(f.quatern[0], f.quatern[1], f.quatern[2], f.qoffset[0], f.qoffset[1],
                                                   f.qoffset[2], f.spacing[0], f.spacing[1], f.spacing[2], handedness);
    for (int row = 0; row < 4; ++row) {
      for (int column = 0; column < 4; ++column) affine(row, column) = q.m[row][column];
    }
  } else {
    affine.diagonal() << f.spacing[0], f.spacing[1], f.spacing[2], 1.0;
  }
  return affine;
}

// Distances are those of the affine, as places are. Where pixdim has others, it is unknown which are right.
void judge_affine(const NiftiFields& f, Grid& grid, const std::filesystem::path& path) {
  const char* name = f.sform_code > 0 ? "sform" : "qform";
  REVUNET_EXPECTS(grid.affine.allFinite(), DataError,
                  "[{}] expected a finite affine, got NaN or infinity in the {}; fix the header", path.string(), name);
  const Eigen::Matrix3d axes = grid.affine.topLeftCorner<3, 3>();
  for (size_t i = 0; i < 3; ++i) grid.spacing[i] = axes.col(static_cast<int>(i)).norm();
  const double box = grid.spacing[0] * grid.spacing[1] * grid.spacing[2];
  REVUNET_EXPECTS(std::abs(axes.determinant()) > flat_volume * box, DataError,
                  "[{}] expected axes along three dimensions, got a {} that puts all voxels into one plane; fix the "
                  "header",
                  path.string(), name);
  for (size_t i = 0; i < 3; ++i) {
    REVUNET_EXPECTS(std::abs(grid.spacing[i] - f.spacing[i]) <= spacing_tolerance * f.spacing[i], DataError,
                    "[{}] expected pixdim to have the voxel sizes of the {}, {:.6g} mm, got {:.6g} x {:.6g} x {:.6g} "
                    "mm; fix whichever is wrong",
                    path.string(), name, fmt::join(grid.spacing, " x "), f.pixdim[1], f.pixdim[2], f.pixdim[3]);
  }
}

// Reports what is wrong with a geometry that is read all the same.
void tolerate_geometry(const NiftiFields& f, std::vector<std::string>& tolerated, const std::filesystem::path& path) {
  const bool negative = std::any_of(f.pixdim.begin() + 1, f.pixdim.begin() + 4, [](double mm) { return mm < 0; });
  if (negative) {
    tolerated.push_back(
        fmt::format("[{}] expected positive voxel spacings, got {} x {} x {} in pixdim: read "
                    "without their signs",
                    path.string(), f.pixdim[1], f.pixdim[2], f.pixdim[3]));
  }
  // Those in use have passed judge_affine.
  for (const auto& [name, finite] : {std::pair{"qform", qform_is_finite(f)}, std::pair{"sform", sform_is_finite(f)}}) {
    if (finite) continue;
    tolerated.push_back(
        fmt::format("[{}] expected finite numbers in the {}, got others, such as NaN: it is not used, and ignored",
                    path.string(), name));
  }
}

}  // namespace

void judge_nifti_geometry(const NiftiFields& f, Grid& grid, std::vector<std::string>& tolerated,
                          const std::filesystem::path& path) {
  const int unit = f.units & spatial_unit_mask;
  REVUNET_EXPECTS(unit == NIFTI_UNITS_MM || unit == NIFTI_UNITS_UNKNOWN, DataError,
                  "[{}] expected lengths in millimetres (code {}), got {} (code {}); convert the image", path.string(),
                  NIFTI_UNITS_MM, nifti_units_string(unit), unit);
  grid.spacing = f.spacing;
  for (const double spacing : f.spacing) {
    REVUNET_EXPECTS(std::isfinite(spacing) && spacing > 0, DataError,
                    "[{}] expected positive voxel spacings, got {} x {} x {}; fix pixdim in the header", path.string(),
                    f.pixdim[1], f.pixdim[2], f.pixdim[3]);
  }
  grid.affine = affine_of(f);
  grid.oriented = f.sform_code > 0 || f.qform_code > 0;
  if (grid.oriented) judge_affine(f, grid, path);
  tolerate_geometry(f, tolerated, path);
}

std::optional<Grid> grid_by_qform(const NiftiImage& image) {
  NiftiFields f = nifti_fields(image.header);
  if (f.sform_code <= 0 || f.qform_code <= 0 || !qform_is_finite(f)) return std::nullopt;
  f.sform_code = 0;
  Grid grid = image.grid;
  grid.affine = affine_of(f);
  return grid;
}

}  // namespace revunet::io

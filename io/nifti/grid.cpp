#include "io/nifti/grid.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/LU>

namespace revunet::io {
namespace {

constexpr double corner_tolerance = 1e-2;  // voxels: far below what is visible, far above the rounding of float headers
constexpr double no_skew = 1 - 1e-6;       // volume of unit vectors: least_skew lowers it by more than rounding does

// Returns the affine's column.
Eigen::Vector3d axis_of(const Grid& grid, int axis) {
  return grid.affine.col(axis).head<3>();
}

}  // namespace

double corner_displacement(const Grid& a, const Grid& b) {
  constexpr double never = std::numeric_limits<double>::infinity();
  if (a.size != b.size) return never;
  if (a.affine == b.affine) return 0;
  const Eigen::FullPivLU<Eigen::Matrix4d> lu(a.affine);
  if (!lu.isInvertible() || !b.affine.allFinite()) return never;
  double most = 0;
  for (int corner = 0; corner < 8; ++corner) {
    Eigen::Vector4d voxel = Eigen::Vector4d::UnitW();
    for (int axis = 0; axis < 3; ++axis) {
      if ((corner >> axis & 1) != 0) voxel(axis) = static_cast<double>(a.size[static_cast<size_t>(axis)] - 1);
    }
    most = std::max(most, (lu.solve(b.affine * voxel) - voxel).head<3>().norm());
  }
  return most;
}

double skew_of(const Grid& grid) {
  constexpr double degrees = 57.29577951308232;
  if (!grid.oriented) return 0;
  double most = 0;
  for (int a = 0; a < 3; ++a) {
    const Eigen::Vector3d u = axis_of(grid, a).normalized();
    const Eigen::Vector3d v = axis_of(grid, (a + 1) % 3).normalized();
    most = std::max(most, std::asin(std::min(std::abs(u.dot(v)), 1.0)));
  }
  return most * degrees;
}

bool same_grid(const Grid& a, const Grid& b) {
  return corner_displacement(a, b) <= corner_tolerance;
}

double voxel_volume(const Grid& grid) {
  const double box = grid.spacing[0] * grid.spacing[1] * grid.spacing[2];
  if (!grid.oriented) return box;
  const double share = std::abs(grid.affine.topLeftCorner<3, 3>().determinant()) / box;
  return share > no_skew ? box : share * box;
}

}  // namespace revunet::io

#include "io/nifti/orientation.h"

#include <cmath>

namespace revunet::io {
namespace {

// World axes are NIfTI's: right, anterior, superior. BraTS's point the other way along the first two.
constexpr std::array<double, 3> sign_of_brats = {-1, -1, 1};

// Column a is the unit direction in the world of the file's axis a.
Eigen::Matrix3d directions(const Grid& file) {
  Eigen::Matrix3d columns = file.affine.topLeftCorner<3, 3>();
  for (int a = 0; a < 3; ++a) {
    const double length = columns.col(a).norm();
    if (length > 0) columns.col(a) /= length;
  }
  return columns;
}

}  // namespace

Orientation orientation_of(const Grid& file) {
  Orientation best;
  if (!file.oriented) return best;
  const Eigen::Matrix3d columns = directions(file);
  const auto at = [&](size_t world, size_t axis) { return columns(static_cast<int>(world), static_cast<int>(axis)); };
  double most = -1;
  std::array<size_t, 3> axes = {0, 1, 2};
  do {
    double sum = 0;
    for (size_t i = 0; i < 3; ++i) sum += std::abs(at(i, axes[i]));
    if (sum <= most) continue;
    most = sum;
    best.axis = axes;
  } while (std::next_permutation(axes.begin(), axes.end()));
  for (size_t i = 0; i < 3; ++i) best.backwards[i] = at(i, best.axis[i]) * sign_of_brats[i] < 0;
  return best;
}

std::string orientation_code(const Grid& file) {
  if (!file.oriented) return "unknown";
  const Orientation orientation = orientation_of(file);
  constexpr std::array<char, 3> forwards = {'L', 'P', 'S'}, backwards = {'R', 'A', 'I'};
  std::string code(3, ' ');
  for (size_t i = 0; i < 3; ++i) code[orientation.axis[i]] = orientation.backwards[i] ? backwards[i] : forwards[i];
  return code;
}

Grid oriented_grid(const Grid& file, const Orientation& orientation) {
  Grid grid = file;
  Eigen::Vector4d first = Eigen::Vector4d::UnitW();  // the voxel of the file that comes first
  for (size_t i = 0; i < 3; ++i) {
    const size_t axis = orientation.axis[i];
    const auto from = static_cast<int>(axis), to = static_cast<int>(i);
    grid.size[i] = file.size[axis];
    grid.spacing[i] = file.spacing[axis];
    grid.affine.col(to) = file.affine.col(from) * (orientation.backwards[i] ? -1 : 1);
    if (orientation.backwards[i]) first(from) = static_cast<double>(file.size[axis] - 1);
  }
  grid.affine.col(3) = file.affine * first;
  return grid;
}

}  // namespace revunet::io

// Where the voxels of an image lie in the world.
//
// Non-obvious rule: an affine is exact, while spacings are only the lengths of its columns: they say nothing of angles.
#pragma once

#include <array>
#include <cstdint>

#include <Eigen/Core>

namespace revunet::io {

// The spatial frame of an image: what must be equal for two images to overlay.
struct Grid {
  std::array<int64_t, 3> size{};    // voxels along x, y, z
  std::array<double, 3> spacing{};  // mm along x, y, z: lengths of the affine's columns
  Eigen::Matrix4d affine;           // voxel index to world (mm): sform if its code is > 0, else qform, else spacing
  bool oriented = true;             // false: neither code is set, so that nobody knows which way the axes go
};

// The farthest that a corner of grid a lies from the same corner of b, in voxels of a. Infinite for other sizes, and
// for an affine that is not finite or cannot be inverted and is not the other's.
double corner_displacement(const Grid& a, const Grid& b);

// The largest angle, in degrees, by which two axes are off a right angle. 0 for grids whose affine is not known.
double skew_of(const Grid& grid);
// From this angle on axes count as skewed: distances that are computed from spacings alone are wrong.
constexpr double least_skew = 0.1;  // degrees

// Whether corners lie within 0.01 voxels: rounded headers pass, a shift that could be seen does not.
bool same_grid(const Grid& a, const Grid& b);

// The volume of a voxel in mm3, by the affine.
double voxel_volume(const Grid& grid);

}  // namespace revunet::io

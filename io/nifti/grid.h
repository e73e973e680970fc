// A Grid says where the voxels of an image lie in the world.
//
// Non-obvious rule: an affine is exact, while spacings are only the lengths of its columns: they say nothing about
// angles.
#pragma once

#include <array>
#include <cstdint>

#include <Eigen/Core>

namespace revunet::io {

using Spacing3 = std::array<double, 3>;  // mm along x, y, z

// This is the spatial frame of an image, which must be equal for two images to overlay.
struct Grid {
  std::array<int64_t, 3> size{};  // voxels along x, y, z
  Spacing3 spacing{};             // lengths of the affine's columns
  Eigen::Matrix4d affine;         // voxel index to world (mm): sform if its code is > 0, else qform, else spacing
  bool oriented = true;           // false: neither code is set, so it is unknown which way the axes go
};

// Returns the farthest that a corner of grid a lies from the same corner of b, in voxels of a. It is infinite for other
// sizes, and for an affine that is not finite or cannot be inverted, unless the two affines are equal.
double corner_displacement(const Grid& a, const Grid& b);

// Returns the largest angle, in degrees, by which two axes are off a right angle. It is 0 for grids whose affine is not
// known.
double skew_of(const Grid& grid);
// From this angle on axes count as skewed, because distances that are computed from spacings alone are wrong.
constexpr double least_skew = 0.1;  // degrees

// Returns whether corners lie within 0.01 voxels. Rounded headers pass, and a visible shift does not.
bool same_grid(const Grid& a, const Grid& b);

// Returns the volume of a voxel in mm3, by the affine.
double voxel_volume(const Grid& grid);

}  // namespace revunet::io

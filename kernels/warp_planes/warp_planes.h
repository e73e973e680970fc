// This op augments in one resampling pass: flips, and rotation, scaling and elastic deformation in the planes
// perpendicular to one axis, for a window of the field of view. That axis is n, and u and v are the two others, in the
// order x, y, z: for the default n = z they are x and y. The voxel p of the field of view, mirrored along x, y and z
// where flipped to p', takes
//
//   image:  the source at (u, v) = c + M (p' - c) + d(p'), n = p'_n, by bilinear interpolation; 0 outside; `shift` of
//           its channel is added to what is not 0 (background)
//   labels: the nearest voxel of the source there; 0 outside
//
// with c the plane's centre and d the cubic spline through displacements at 3 x 3 points from corner to corner,
// mirrored at the border. It interpolates in u and v alone: a plane stays a plane. Sources: rotation, scaling and
// deformation as in Ronneberger, Fischer and Brox (2015); splines: Unser (1999).
#pragma once

#include <array>

#include "engine/on_device.h"
#include "engine/tensor.h"

namespace revunet {

inline constexpr int kControlPoints = 3;  // of the deformation, along u and along v
inline constexpr int kMostChannels = 16;  // of an image

// Returns u and v of the planes perpendicular to `normal`. Axes are 0 for x, 1 for y and 2 for z.
constexpr std::array<size_t, 2> plane_axes(int normal) {
  return {size_t{normal == 0 ? 1u : 0u}, size_t{normal == 2 ? 1u : 2u}};
}

struct PlaneWarp {
  int normal = 2;                               // the axis n: 0 for x, 1 for y, 2 for z
  std::array<bool, 3> flip{};                   // x, y, z
  std::array<double, 4> matrix = {1, 0, 0, 1};  // M, row by row
  // These are the coefficients of the splines d_u and d_v, u by u: spline_coefficients of displacements in voxels.
  // Zeros mean no deformation.
  std::array<std::array<double, kControlPoints * kControlPoints>, 2> deformation{};
  std::array<float, kMostChannels> shift{};
};

// Returns the coefficients of the cubic B-spline that goes through `values` at the control points, u by u.
std::array<double, kControlPoints * kControlPoints> spline_coefficients(
    const std::array<double, kControlPoints * kControlPoints>& values);

// source (1, X, Y, Z, C), f32, and source_labels (1, X, Y, Z, 1), u8, are the field of view. image (1, x, y, z, C), of
// any type, and labels (1, x, y, z, 1), u8, are its window whose first voxel is `low`. Throws Error where shapes or
// types do not fit, and for a normal that is no axis.
void warp_planes(const Context& ctx, const Tensor& source, const Tensor& source_labels, const PlaneWarp& warp,
                 const std::array<int64_t, 3>& low, Tensor& image, Tensor& labels);

REVUNET_KERNEL(warp_planes)

}  // namespace revunet

// This file says where the voxels of a line along the normal come from. Host and device share it.
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/host_device.h"
#include "kernels/warp_planes/warp_planes.h"

namespace revunet {

// A PlaneMap is a PlaneWarp in T's arithmetic, with the source's planes.
template <class T>
struct PlaneMap {
  int64_t U, V;                // voxels of a plane
  int64_t stride_u, stride_v;  // from one voxel of a plane to the next, in voxels of the source
  T matrix[4];
  T deformation[2][9];
};

// Returns how many voxels it is from one to the next along x, y and z.
inline std::array<int64_t, 3> voxel_strides(const Activation& volume) {
  return {volume.H * volume.W, volume.W, 1};
}

template <class T>
PlaneMap<T> map_of(const PlaneWarp& warp, const Activation& source) {
  const auto [u, v] = plane_axes(warp.normal);
  const std::array<int64_t, 3> size = {source.D, source.H, source.W}, strides = voxel_strides(source);
  PlaneMap<T> map{size[u], size[v], strides[u], strides[v], {}, {}};
  for (size_t i = 0; i < 4; ++i) map.matrix[i] = static_cast<T>(warp.matrix[i]);
  for (size_t i = 0; i < 18; ++i) map.deformation[i / 9][i % 9] = static_cast<T>(warp.deformation[i / 9][i % 9]);
  return map;
}

template <class T>
struct Place {
  T u, v;
};

// Returns the cubic B-spline about 0.
template <class T>
REVUNET_HOST_DEVICE T b_spline(T t) {
  const T a = t < 0 ? -t : t;
  if (a >= 2) return 0;
  const T b = 2 - a;
  return a < 1 ? (4 - 6 * a * a + 3 * a * a * a) / 6 : b * b * b / 6;
}

// Gives the weights of the three coefficients at voxel i of `size`. Each mirrored coefficient's weight is added to that
// of the coefficient it equals.
template <class T>
REVUNET_HOST_DEVICE void spline_weights(int64_t i, int64_t size, T (&weights)[3]) {
  const T t = size > 1 ? static_cast<T>(2 * i) / static_cast<T>(size - 1) : T(1);
  weights[0] = b_spline(t);
  weights[1] = b_spline(t - 1) + b_spline(t + 1) + b_spline(t - 3);
  weights[2] = b_spline(t - 2);
}

// Returns the place in the source of the voxel (u, v), which is already mirrored.
template <class T>
REVUNET_HOST_DEVICE Place<T> place_of(const PlaneMap<T>& map, int64_t u, int64_t v) {
  const T cu = static_cast<T>(map.U - 1) / 2, cv = static_cast<T>(map.V - 1) / 2;
  const T du = static_cast<T>(u) - cu, dv = static_cast<T>(v) - cv;
  T wu[3], wv[3], displacement[2] = {0, 0};
  spline_weights(u, map.U, wu);
  spline_weights(v, map.V, wv);
  for (int axis = 0; axis < 2; ++axis) {
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) displacement[axis] += wu[i] * wv[j] * map.deformation[axis][3 * i + j];
    }
  }
  return {cu + (map.matrix[0] * du + map.matrix[1] * dv) + displacement[0],
          cv + (map.matrix[2] * du + map.matrix[3] * dv) + displacement[1]};
}

// These are the four voxels about a place and their weights, which are 0 outside the plane.
template <class T>
struct Corners {
  int64_t u[2], v[2];  // within the plane
  T weights[2][2];
};

template <class T>
REVUNET_HOST_DEVICE Corners<T> corners_of(const PlaneMap<T>& map, const Place<T>& place) {
  // A place far outside is only outside, so it is clamped before it becomes an integer.
  const T pu = std::fmin(std::fmax(place.u, T(-2)), static_cast<T>(map.U + 1));
  const T pv = std::fmin(std::fmax(place.v, T(-2)), static_cast<T>(map.V + 1));
  const T fu = std::floor(pu), fv = std::floor(pv);
  Corners<T> c{};
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 2; ++j) {
      const auto u = static_cast<int64_t>(fu) + i, v = static_cast<int64_t>(fv) + j;
      const bool inside = u >= 0 && u < map.U && v >= 0 && v < map.V;
      const T wu = i == 0 ? 1 - (pu - fu) : pu - fu, wv = j == 0 ? 1 - (pv - fv) : pv - fv;
      c.weights[i][j] = inside ? wu * wv : T(0);
      c.u[i] = u < 0 ? 0 : u < map.U ? u : map.U - 1;
      c.v[j] = v < 0 ? 0 : v < map.V ? v : map.V - 1;
    }
  }
  return c;
}

// Returns the nearest voxel's u or v, or -1 outside.
template <class T>
REVUNET_HOST_DEVICE int64_t nearest(T at, int64_t size) {
  if (!(at > T(-0.5) && at < static_cast<T>(size) - T(0.5))) return -1;
  return static_cast<int64_t>(std::floor(at + T(0.5)));
}

// Returns the nearest voxel of the plane, counted in voxels of the source, or -1 outside.
template <class T>
REVUNET_HOST_DEVICE int64_t nearest_voxel(const PlaneMap<T>& map, const Place<T>& place) {
  const int64_t u = nearest(place.u, map.U), v = nearest(place.v, map.V);
  return u < 0 || v < 0 ? -1 : u * map.stride_u + v * map.stride_v;
}

}  // namespace revunet

// This file says where a column of voxels comes from. Host and device share it.
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/host_device.h"

namespace revunet {

// A PlaneMap is a PlaneWarp in T's arithmetic, with the plane's size.
template <class T>
struct PlaneMap {
  int64_t X, Y;
  T matrix[4];
  T deformation[2][9];
};

template <class T>
struct Place {
  T x, y;
};

// Returns the cubic B-spline about 0.
template <class T>
REVUNET_HOST_DEVICE T b_spline(T u) {
  const T a = u < 0 ? -u : u;
  if (a >= 2) return 0;
  const T b = 2 - a;
  return a < 1 ? (4 - 6 * a * a + 3 * a * a * a) / 6 : b * b * b / 6;
}

// Gives the weights of the three coefficients at voxel i of `size`. Each mirrored coefficient's weight is added to that
// of the coefficient it equals.
template <class T>
REVUNET_HOST_DEVICE void spline_weights(int64_t i, int64_t size, T (&weights)[3]) {
  const T u = size > 1 ? static_cast<T>(2 * i) / static_cast<T>(size - 1) : T(1);
  weights[0] = b_spline(u);
  weights[1] = b_spline(u - 1) + b_spline(u + 1) + b_spline(u - 3);
  weights[2] = b_spline(u - 2);
}

// Returns the place in the source of the voxel (x, y), which is already mirrored.
template <class T>
REVUNET_HOST_DEVICE Place<T> place_of(const PlaneMap<T>& map, int64_t x, int64_t y) {
  const T cx = static_cast<T>(map.X - 1) / 2, cy = static_cast<T>(map.Y - 1) / 2;
  const T dx = static_cast<T>(x) - cx, dy = static_cast<T>(y) - cy;
  T wx[3], wy[3], displacement[2] = {0, 0};
  spline_weights(x, map.X, wx);
  spline_weights(y, map.Y, wy);
  for (int axis = 0; axis < 2; ++axis) {
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) displacement[axis] += wx[i] * wy[j] * map.deformation[axis][3 * i + j];
    }
  }
  return {cx + (map.matrix[0] * dx + map.matrix[1] * dy) + displacement[0],
          cy + (map.matrix[2] * dx + map.matrix[3] * dy) + displacement[1]};
}

// These are the four voxels about a place and their weights, which are 0 outside the plane.
template <class T>
struct Corners {
  int64_t x[2], y[2];  // within the plane
  T weights[2][2];
};

template <class T>
REVUNET_HOST_DEVICE Corners<T> corners_of(const PlaneMap<T>& map, const Place<T>& place) {
  // A place far outside is only outside, so it is clamped before it becomes an integer.
  const T px = std::fmin(std::fmax(place.x, T(-2)), static_cast<T>(map.X + 1));
  const T py = std::fmin(std::fmax(place.y, T(-2)), static_cast<T>(map.Y + 1));
  const T fx = std::floor(px), fy = std::floor(py);
  Corners<T> c{};
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 2; ++j) {
      const auto x = static_cast<int64_t>(fx) + i, y = static_cast<int64_t>(fy) + j;
      const bool inside = x >= 0 && x < map.X && y >= 0 && y < map.Y;
      const T wx = i == 0 ? 1 - (px - fx) : px - fx, wy = j == 0 ? 1 - (py - fy) : py - fy;
      c.weights[i][j] = inside ? wx * wy : T(0);
      c.x[i] = x < 0 ? 0 : x < map.X ? x : map.X - 1;
      c.y[j] = y < 0 ? 0 : y < map.Y ? y : map.Y - 1;
    }
  }
  return c;
}

// Returns the nearest voxel's x or y, or -1 outside.
template <class T>
REVUNET_HOST_DEVICE int64_t nearest(T at, int64_t size) {
  if (!(at > T(-0.5) && at < static_cast<T>(size) - T(0.5))) return -1;
  return static_cast<int64_t>(std::floor(at + T(0.5)));
}

}  // namespace revunet

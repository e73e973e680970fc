// This file finds the outline of a mask of pixels, by marching squares (Lorensen and Cline 1987, in two dimensions).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace revunet::io {

struct PlanePoint {
  double x, y;  // pixels; the centre of pixel (0, 0) is (0.5, 0.5)
};
struct Contour {
  std::vector<std::vector<PlanePoint>> areas;  // polygons that together fill the mask, up to its edge
  std::vector<std::vector<PlanePoint>> loops;  // closed lines of the edge: the last point is joined to the first
};

// The edge lies halfway between the centres of a pixel of the mask and of a neighbour outside it. Nothing outside the
// picture belongs to the mask. Pixels that touch at a corner alone are taken as joined. mask is (height, width), not 0
// inside.
Contour contour_of(std::span<const uint8_t> mask, int64_t width, int64_t height);

}  // namespace revunet::io

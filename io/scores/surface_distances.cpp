#include "io/scores/surface_distances.h"

#include <algorithm>

#include "io/scores/distance_transform.h"
#include "io/scores/surfel_area.h"

namespace revunet::io {
namespace {

// Returns 1 for the voxels of the mask with a 6-neighbour outside it, and 0 elsewhere. The box ends where the masks do.
std::vector<uint8_t> edges_of(const std::vector<uint8_t>& mask, const Index3& size) {
  const Index3 stride = {1, size[0], size[0] * size[1]};
  std::vector<uint8_t> edges(mask.size());
#pragma omp parallel for
  for (int64_t z = 0; z < size[2]; ++z) {
    for (int64_t y = 0; y < size[1]; ++y) {
      for (int64_t x = 0; x < size[0]; ++x) {
        const int64_t i = x + stride[1] * y + stride[2] * z;
        if (mask[i] == 0) continue;
        const Index3 at = {x, y, z};
        bool edge = false;
        for (size_t axis = 0; axis < 3 && !edge; ++axis) {
          edge =
              at[axis] == 0 || at[axis] == size[axis] - 1 || mask[i - stride[axis]] == 0 || mask[i + stride[axis]] == 0;
        }
        edges[i] = edge;
      }
    }
  }
  return edges;
}

SurfaceDistances edge_distances(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b, const Index3& size,
                                const Spacing3& spacing) {
  const std::vector<uint8_t> edges_a = edges_of(a, size), edges_b = edges_of(b, size);
  const auto directed = [&](const std::vector<uint8_t>& from, const std::vector<uint8_t>& to) {
    const std::vector<double> squared = squared_distances(to, size, spacing);
    std::vector<SurfaceElement> elements;
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i] != 0) elements.push_back({squared[i], 1});
    }
    return elements;
  };
  return {directed(edges_a, edges_b), directed(edges_b, edges_a)};
}

constexpr uint8_t all_voxels = 255;

// Returns, at each corner of the box's voxels, which of the eight voxels around it lie in the mask, as the codes of
// surfel_areas. Along each axis there is one corner more than voxels.
std::vector<uint8_t> neighbourhoods(const std::vector<uint8_t>& mask, const Index3& size, const Index3& corners) {
  std::vector<uint8_t> codes(static_cast<size_t>(voxels_in(corners)));
  for (int64_t z = 0, i = 0; z < size[2]; ++z) {
    for (int64_t y = 0; y < size[1]; ++y) {
      for (int64_t x = 0; x < size[0]; ++x, ++i) {
        if (mask[i] == 0) continue;
        for (int64_t bit = 0; bit < 8; ++bit) {  // this voxel as seen from its corner on the other side
          const int64_t dx = 1 - (bit & 1), dy = 1 - (bit >> 1 & 1), dz = 1 - (bit >> 2 & 1);
          uint8_t& code = codes[x + dx + corners[0] * (y + dy + corners[1] * (z + dz))];
          code = static_cast<uint8_t>(code | 1 << bit);
        }
      }
    }
  }
  return codes;
}

std::vector<uint8_t> surface_of(const std::vector<uint8_t>& codes) {
  std::vector<uint8_t> surface(codes.size());
  std::transform(codes.begin(), codes.end(), surface.begin(), [](uint8_t c) { return c != 0 && c != all_voxels; });
  return surface;
}

SurfaceDistances surfel_distances(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b, const Index3& size,
                                  const Spacing3& spacing) {
  const Index3 corners = {size[0] + 1, size[1] + 1, size[2] + 1};
  const std::array<double, 256> areas = surfel_areas(spacing);
  const std::vector<uint8_t> codes_a = neighbourhoods(a, size, corners), codes_b = neighbourhoods(b, size, corners);
  const auto directed = [&](const std::vector<uint8_t>& from, const std::vector<uint8_t>& to) {
    const std::vector<double> squared = squared_distances(surface_of(to), corners, spacing);
    std::vector<SurfaceElement> elements;
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i] != 0 && from[i] != all_voxels) elements.push_back({squared[i], areas[from[i]]});
    }
    return elements;
  };
  return {directed(codes_a, codes_b), directed(codes_b, codes_a)};
}

}  // namespace

SurfaceDistances surface_distances(std::span<const uint8_t> a, std::span<const uint8_t> b, const Index3& size,
                                   const Spacing3& spacing, Surface surface) {
  const MaskBox box = bounding_box(a, b, size);
  const std::vector<uint8_t> in_a = crop(a, box, size), in_b = crop(b, box, size);
  return surface == Surface::edges ? edge_distances(in_a, in_b, box.size, spacing)
                                   : surfel_distances(in_a, in_b, box.size, spacing);
}

}  // namespace revunet::io

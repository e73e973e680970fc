#include "io/scores/hausdorff.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "io/scores/distance_transform.h"
#include "io/scores/surfel_area.h"

namespace revunet::io {
namespace {

constexpr double quantile = 0.95;

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

// Appends mm^2 from each voxel of `from` to the nearest of `to`.
void append_directed(const std::vector<uint8_t>& from, const std::vector<uint8_t>& to, const Index3& size,
                     const Spacing3& spacing, std::vector<double>& squared) {
  const std::vector<double> distances = squared_distances(to, size, spacing);
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 0) squared.push_back(distances[i]);
  }
}

// Computes numpy.percentile(sqrt(squared), 95) with its linear interpolation, to the last bit of the interpolation.
double percentile_95(std::vector<double>& squared) {
  const double position = static_cast<double>(squared.size() - 1) * quantile;
  const auto below = squared.begin() + static_cast<int64_t>(position);
  std::nth_element(squared.begin(), below, squared.end());
  const double low = std::sqrt(*below);
  const auto above = std::min_element(below + 1, squared.end());
  if (above == squared.end()) return low;
  const double high = std::sqrt(*above), fraction = position - std::floor(position);
  return fraction >= 0.5 ? high - (high - low) * (1 - fraction) : low + (high - low) * fraction;
}

double edge_hausdorff_95(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b, const Index3& size,
                         const Spacing3& spacing, bool pooled) {
  const std::vector<uint8_t> edges_a = edges_of(a, size), edges_b = edges_of(b, size);
  std::vector<double> squared, back;
  append_directed(edges_a, edges_b, size, spacing, squared);
  append_directed(edges_b, edges_a, size, spacing, pooled ? squared : back);
  return pooled ? percentile_95(squared) : std::max(percentile_95(squared), percentile_95(back));
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

struct Surfel {
  double squared;  // mm^2 to the other surface
  double area;     // mm^2
};

// Returns the least distance within which 95 % of the area lies. Where areas reach it exactly, their sums may fall
// short by their rounding, about 1e-13 for a million. Without a tolerance, rounding would choose between two distances.
double weighted_percentile_95(std::vector<Surfel>& surfels) {
  std::sort(surfels.begin(), surfels.end(), [](const Surfel& p, const Surfel& q) {
    return p.squared < q.squared || (p.squared == q.squared && p.area < q.area);  // makes the order of sums unique
  });
  constexpr double tolerance = 1e-12;  // of the total
  double total = 0, sum = 0;
  for (const Surfel& s : surfels) total += s.area;
  for (const Surfel& s : surfels) {
    sum += s.area;
    if (sum >= quantile * total * (1 - tolerance)) return std::sqrt(s.squared);
  }
  return std::sqrt(surfels.back().squared);
}

double surfel_hausdorff_95(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b, const Index3& size,
                           const Spacing3& spacing) {
  const Index3 corners = {size[0] + 1, size[1] + 1, size[2] + 1};
  const std::array<double, 256> areas = surfel_areas(spacing);
  const std::vector<uint8_t> codes_a = neighbourhoods(a, size, corners), codes_b = neighbourhoods(b, size, corners);
  const auto directed = [&](const std::vector<uint8_t>& from, const std::vector<uint8_t>& to) {
    const std::vector<double> squared = squared_distances(surface_of(to), corners, spacing);
    std::vector<Surfel> surfels;
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i] != 0 && from[i] != all_voxels) surfels.push_back({squared[i], areas[from[i]]});
    }
    return weighted_percentile_95(surfels);
  };
  return std::max(directed(codes_a, codes_b), directed(codes_b, codes_a));
}

}  // namespace

Hd95 parse_hd95(const std::string& name) {
  for (const Hd95 definition : {Hd95::pooled, Hd95::max, Hd95::surfel}) {
    if (name == name_of(definition)) return definition;
  }
  throw UsageError(fmt::format("[`hd95`] expected pooled, max or surfel, got {}", name));
}

std::string_view definition_of(Hd95 definition) {
  switch (definition) {
    case Hd95::pooled:
      return "HD95 in mm: 95th percentile (linear interpolation) of both directed edge-to-edge distance sets pooled; "
             "edge = mask minus its erosion by the 6-neighbour cross, outside the image is background; both masks "
             "empty: 0; one empty: 373.12866";
    case Hd95::max:
      return "HD95 in mm: the larger of the two directed 95th percentiles (linear interpolation) of edge-to-edge "
             "distances; edge = mask minus its erosion by the 6-neighbour cross, outside the image is background; "
             "both masks empty: 0; one empty: 373.12866";
    case Hd95::surfel:
      return "HD95 in mm: the larger of the two directed 95th percentiles (no interpolation) of distances between "
             "surface elements at voxel corners, weighted by their area; outside the image is background; both masks "
             "empty: 0; one empty: 373.12866";
  }
  throw Error("[definition_of] expected a definition of HD95, got another number; pass one of the enumeration");
}

double hausdorff_95(std::span<const uint8_t> a, std::span<const uint8_t> b, const Index3& size, const Spacing3& spacing,
                    Hd95 definition) {
  const MaskBox box = bounding_box(a, b, size);
  const std::vector<uint8_t> in_a = crop(a, box, size), in_b = crop(b, box, size);
  if (definition == Hd95::surfel) return surfel_hausdorff_95(in_a, in_b, box.size, spacing);
  return edge_hausdorff_95(in_a, in_b, box.size, spacing, definition == Hd95::pooled);
}

}  // namespace revunet::io

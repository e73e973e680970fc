#include "io/scores/hausdorff.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"

namespace revunet::io {
namespace {

constexpr double quantile = 0.95;

bool nearer(const SurfaceElement& p, const SurfaceElement& q) {
  return p.squared < q.squared;
}

// Computes numpy.percentile(distances, 95) with its linear interpolation, to the last bit of the interpolation.
double percentile_95(std::vector<SurfaceElement> elements) {
  const double position = static_cast<double>(elements.size() - 1) * quantile;
  const auto below = elements.begin() + static_cast<int64_t>(position);
  std::nth_element(elements.begin(), below, elements.end(), nearer);
  const double low = std::sqrt(below->squared);
  const auto above = std::min_element(below + 1, elements.end(), nearer);
  if (above == elements.end()) return low;
  const double high = std::sqrt(above->squared), fraction = position - std::floor(position);
  return fraction >= 0.5 ? high - (high - low) * (1 - fraction) : low + (high - low) * fraction;
}

double pooled_percentile_95(const SurfaceDistances& distances) {
  std::vector<SurfaceElement> all = distances.from_a;
  all.insert(all.end(), distances.from_b.begin(), distances.from_b.end());
  return percentile_95(std::move(all));
}

// Returns the least distance within which 95 % of the area lies. Where areas reach it exactly, their sums may fall
// short by their rounding, about 1e-13 for a million. Without a tolerance, rounding would choose between two distances.
double weighted_percentile_95(std::vector<SurfaceElement> surfels) {
  std::sort(surfels.begin(), surfels.end(), [](const SurfaceElement& p, const SurfaceElement& q) {
    return p.squared < q.squared || (p.squared == q.squared && p.area < q.area);  // makes the order of sums unique
  });
  constexpr double tolerance = 1e-12;  // of the total
  double total = 0, sum = 0;
  for (const SurfaceElement& s : surfels) total += s.area;
  for (const SurfaceElement& s : surfels) {
    sum += s.area;
    if (sum >= quantile * total * (1 - tolerance)) return std::sqrt(s.squared);
  }
  return std::sqrt(surfels.back().squared);
}

}  // namespace

std::string_view definition_of(Hd95 definition) {
  switch (definition) {
    case Hd95::pooled:
      return "95th percentile (linear interpolation) of both directed edge-to-edge distance sets pooled; edge = mask "
             "minus its erosion by the 6-neighbour cross, outside the image is background";
    case Hd95::max:
      return "the larger of the two directed 95th percentiles (linear interpolation) of edge-to-edge distances; edge = "
             "mask minus its erosion by the 6-neighbour cross, outside the image is background";
    case Hd95::surfel:
      return "the larger of the two directed 95th percentiles (no interpolation) of distances between surface elements "
             "at voxel corners, weighted by their area; outside the image is background";
  }
  throw Error("[definition_of] expected a definition of HD95, got another number; pass one of the enumeration");
}

Surface surface_of(Hd95 definition) {
  return definition == Hd95::surfel ? Surface::surfels : Surface::edges;
}

double hausdorff_95(const SurfaceDistances& distances, Hd95 definition) {
  if (definition == Hd95::pooled) return pooled_percentile_95(distances);
  const auto directed = definition == Hd95::max ? percentile_95 : weighted_percentile_95;
  return std::max(directed(distances.from_a), directed(distances.from_b));
}

double hausdorff_95(std::span<const uint8_t> a, std::span<const uint8_t> b, const Index3& size, const Spacing3& spacing,
                    Hd95 definition) {
  return hausdorff_95(surface_distances(a, b, size, spacing, surface_of(definition)), definition);
}

}  // namespace revunet::io

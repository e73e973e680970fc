#include "io/scores/surface_dice.h"

#include <cmath>

#include "io/scores/header_precision.h"

namespace revunet::io {
namespace {

struct AreaShare {
  double within = 0, total = 0;
};

AreaShare areas_of(const std::vector<SurfaceElement>& elements, double tolerance) {
  AreaShare areas;
  for (const SurfaceElement& element : elements) {
    areas.total += element.area;
    if (at_most(std::sqrt(element.squared), tolerance)) areas.within += element.area;
  }
  return areas;
}

}  // namespace

std::string_view definition_of(Nsd definition) {
  return definition == Nsd::surfel
             ? "area of both surfaces within the tolerance of the other surface / area of both surfaces; surface "
               "elements at voxel corners, outside the image is background"
             : "mean of the two masks' shares of edge voxels within the tolerance of the other mask's edge; edge = "
               "mask "
               "minus its erosion by the 6-neighbour cross, outside the image is background";
}

Surface surface_of(Nsd definition) {
  return definition == Nsd::surfel ? Surface::surfels : Surface::edges;
}

double surface_dice(const SurfaceDistances& distances, double tolerance, Nsd definition) {
  const AreaShare a = areas_of(distances.from_a, tolerance), b = areas_of(distances.from_b, tolerance);
  if (definition == Nsd::surfel) return (a.within + b.within) / (a.total + b.total);
  return (a.within / a.total + b.within / b.total) / 2;
}

}  // namespace revunet::io

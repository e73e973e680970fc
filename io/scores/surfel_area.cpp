#include "io/scores/surfel_area.h"

#include <bit>
#include <vector>

#include <Eigen/Geometry>

namespace revunet::io {
namespace {

using Point = Eigen::Vector3d;  // in voxels, voxel centres at 0 and 1
using Loop = std::vector<Point>;

bool has(unsigned code, unsigned voxel) {
  return (code >> voxel & 1) != 0;
}

Point centre(unsigned voxel) {
  return {static_cast<double>(voxel & 1), static_cast<double>(voxel >> 1 & 1), static_cast<double>(voxel >> 2 & 1)};
}

// Returns the four voxels of one face of the cube of centres, in a ring.
std::array<unsigned, 4> ring_of(unsigned axis, unsigned side) {
  const unsigned u = 1u << (axis + 1) % 3, v = 1u << (axis + 2) % 3, origin = side << axis;
  return {origin, origin + u, origin + u + v, origin + v};
}

struct Segment {
  Point begin, end;
};

// Returns where the surface cuts the cube's faces: around each run of voxels inside along a face's ring. Diagonal
// voxels are separate runs.
std::vector<Segment> segments_of(unsigned code) {
  std::vector<Segment> segments;
  for (unsigned face = 0; face < 6; ++face) {
    const auto ring = ring_of(face / 2, face % 2);
    const auto inside = [&](unsigned i) { return has(code, ring[i % 4]); };
    const auto middle = [&](unsigned i) -> Point { return (centre(ring[i % 4]) + centre(ring[(i + 1) % 4])) / 2; };
    for (unsigned first = 0; first < 4; ++first) {
      if (!inside(first) || inside(first + 3)) continue;  // a run begins here
      unsigned last = first;
      while (inside(last + 1)) ++last;
      segments.push_back({middle(first + 3), middle(last)});
    }
  }
  return segments;
}

// Joins segments end to end. Each point is on two faces, so on two segments.
std::vector<Loop> loops_of(std::vector<Segment> segments) {
  std::vector<Loop> loops;
  while (!segments.empty()) {
    Loop loop = {segments.back().begin};
    Point at = segments.back().end;
    segments.pop_back();
    while (at != loop.front()) {  // multiples of 1/2 compare exactly
      loop.push_back(at);
      for (auto s = segments.begin(); s != segments.end(); ++s) {
        if (s->begin != at && s->end != at) continue;
        at = s->begin == at ? s->end : s->begin;
        segments.erase(s);
        break;
      }
    }
    loops.push_back(std::move(loop));
  }
  return loops;
}

struct Areas {
  double unit = 0;    // at unit spacing
  double scaled = 0;  // at the spacing asked for
};

double triangle_area(const Point& a, const Point& b, const Point& c, const Point& scale) {
  return (b - a).cwiseProduct(scale).cross((c - a).cwiseProduct(scale)).norm() / 2;
}

// Returns the areas of the triangulation of the loop's points first to last that has the largest area at unit spacing.
// Loops have at most six points. Triangulations of equal area differ only within planes, so at any spacing it does not
// matter which is taken.
Areas largest_triangulation(const Loop& loop, size_t first, size_t last, const Point& spacing) {
  Areas best;
  for (size_t apex = first + 1; apex < last; ++apex) {
    const Areas left = largest_triangulation(loop, first, apex, spacing),
                right = largest_triangulation(loop, apex, last, spacing);
    const auto sum = [&](double l, double r, const Point& scale) {
      return l + r + triangle_area(loop[first], loop[apex], loop[last], scale);
    };
    const Areas areas = {sum(left.unit, right.unit, Point::Ones()), sum(left.scaled, right.scaled, spacing)};
    constexpr double rounding = 1e-9;  // different areas differ by more than 0.007
    if (areas.unit > best.unit + rounding) best = areas;
  }
  return best;
}

}  // namespace

std::array<double, 256> surfel_areas(const Spacing3& spacing) {
  const Point scale(spacing[0], spacing[1], spacing[2]);
  std::array<double, 256> areas{};
  for (unsigned code = 0; code < areas.size(); ++code) {
    const unsigned smaller = std::popcount(code) > 4 ? ~code & 0xffu : code;
    for (const Loop& loop : loops_of(segments_of(smaller))) {
      areas[code] += largest_triangulation(loop, 0, loop.size() - 1, scale).scaled;
    }
  }
  return areas;
}

}  // namespace revunet::io

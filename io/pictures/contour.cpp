#include "io/pictures/contour.h"

#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace revunet::io {

namespace {

// Segments holds the parts of an edge, which are line segments, by where they begin. The mask lies on the same side of
// each, so that one begins where another ends.
class Segments {
 public:
  void add(const PlanePoint& from, const PlanePoint& to) { ends_[place_of(from)] = {from, to}; }

  std::vector<std::vector<PlanePoint>> take_loops() {
    std::vector<std::vector<PlanePoint>> loops;
    while (!ends_.empty()) {
      loops.emplace_back();
      for (auto at = ends_.begin(); at != ends_.end();) {
        const auto [from, to] = at->second;
        loops.back().push_back(from);
        ends_.erase(at);
        at = ends_.find(place_of(to));
      }
    }
    return loops;
  }

 private:
  using Place = std::pair<long, long>;  // in half pixels: all ends of segments are multiples of them
  static Place place_of(const PlanePoint& p) { return {std::lround(2 * p.x), std::lround(2 * p.y)}; }

  std::map<Place, std::pair<PlanePoint, PlanePoint>> ends_;
};

}  // namespace

Contour contour_of(std::span<const uint8_t> mask, int64_t width, int64_t height) {
  const auto inside = [&](int64_t column, int64_t row) {
    if (column < 0 || row < 0 || column >= width || row >= height) return false;
    return mask[static_cast<size_t>(row * width + column)] != 0;
  };
  Contour contour;
  Segments segments;
  struct Vertex {
    PlanePoint point;
    bool on_edge;
  };
  // A cell has the centres of four pixels as its corners, in turn around it.
  constexpr std::array<std::array<int64_t, 2>, 4> corners = {{{0, 0}, {1, 0}, {1, 1}, {0, 1}}};
  for (int64_t row = -1; row < height; ++row) {
    for (int64_t column = -1; column < width; ++column) {
      std::vector<Vertex> vertices;
      for (size_t i = 0; i < 4; ++i) {
        const auto [x, y] = corners[i];
        const auto [next_x, next_y] = corners[(i + 1) % 4];
        const bool here = inside(column + x, row + y), next = inside(column + next_x, row + next_y);
        const PlanePoint centre = {static_cast<double>(column + x) + 0.5, static_cast<double>(row + y) + 0.5};
        if (here) vertices.push_back({centre, false});
        if (here == next) continue;
        vertices.push_back(
            {{centre.x + 0.5 * static_cast<double>(next_x - x), centre.y + 0.5 * static_cast<double>(next_y - y)},
             true});
      }
      if (vertices.empty()) continue;
      std::vector<PlanePoint> area;
      for (size_t i = 0; i < vertices.size(); ++i) {
        const Vertex &v = vertices[i], &next = vertices[(i + 1) % vertices.size()];
        area.push_back(v.point);
        if (v.on_edge && next.on_edge) segments.add(v.point, next.point);
      }
      contour.areas.push_back(std::move(area));
    }
  }
  contour.loops = segments.take_loops();
  return contour;
}

}  // namespace revunet::io

// This file has points, smooth noise and soft edges. The phantom's anatomy and tumour are drawn with them.
//
// Non-obvious rule: lengths are in half-widths of the brain (72 mm at the default size), so that anatomy scales with
// the image. x points right, y to the front, z up.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace revunet::io {

struct Point {
  double x = 0, y = 0, z = 0;
};
inline Point operator+(const Point& a, const Point& b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
inline Point operator-(const Point& a, const Point& b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
inline Point operator*(double s, const Point& a) {
  return {s * a.x, s * a.y, s * a.z};
}
inline double length(const Point& a) {
  return std::sqrt(a.x * a.x + a.y * a.y + a.z * a.z);
}

// Returns 1 where value is well below edge, 0 well above, and is linear over `width` between: a voxel that an edge cuts
// is a mixture.
inline double below(double value, double edge, double width) {
  return std::fmin(1.0, std::fmax(0.0, 0.5 + (edge - value) / width));
}

inline double mix(double a, double b, double share_of_b) {
  return a + (b - a) * share_of_b;
}

// Returns the smaller of two distances, rounded off within `radius` where they meet.
double smooth_min(double a, double b, double radius);

// This is an axis-parallel ellipsoid.
struct Ellipsoid {
  Point centre;
  Point radii;
  // Returns about the distance to the surface near it. It is negative inside.
  double distance(const Point& p) const;
};

// This is gradient noise (Perlin, Improving Noise, 2002): smooth, of mean 0, mostly within -0.7..0.7, with about one
// bump per 1 / frequency. It is immutable after construction.
class Noise {
 public:
  Noise(uint64_t key, double frequency);
  double operator()(const Point& p) const;

 private:
  double frequency_;
  Point offset_;                  // keeps lattice points, where the noise is 0, off the anatomy's axes
  std::vector<Point> gradients_;  // of a periodic lattice, x fastest
};

}  // namespace revunet::io

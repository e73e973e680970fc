#include "io/phantom/geometry.h"

#include <algorithm>

#include "io/phantom/random.h"

namespace revunet::io {
namespace {

// The lattice has so many points per side, a power of two. The noise repeats after as many bumps, more than the brain
// holds of any field.
constexpr int64_t period = 32;

double fade(double t) {
  return t * t * t * (t * (t * 6 - 15) + 10);
}

}  // namespace

double smooth_min(double a, double b, double radius) {
  const double overlap = std::max(radius - std::abs(a - b), 0.0) / radius;
  return std::min(a, b) - overlap * overlap * radius / 4;
}

double Ellipsoid::distance(const Point& p) const {
  const Point q = p - centre;
  const Point scaled = {q.x / radii.x, q.y / radii.y, q.z / radii.z};
  const Point slope = {scaled.x / radii.x, scaled.y / radii.y, scaled.z / radii.z};
  constexpr double tiny = 1e-9;  // at the centre, where the direction is undefined
  const double level = length(scaled);
  return level * (level - 1) / std::max(length(slope), tiny) -
         (level < tiny ? std::min({radii.x, radii.y, radii.z}) : 0);
}

Noise::Noise(uint64_t key, double frequency) : frequency_(frequency), gradients_(period * period * period) {
  Random random(key);
  offset_ = {random.uniform(0, period), random.uniform(0, period), random.uniform(0, period)};
  for (Point& gradient : gradients_) {
    do {
      gradient = {random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1)};
    } while (length(gradient) > 1 || length(gradient) < 0.1);  // no preference for the directions of corners
    gradient = 1 / length(gradient) * gradient;
  }
}

double Noise::operator()(const Point& p) const {
  const Point q = frequency_ * p + offset_;
  const Point base = {std::floor(q.x), std::floor(q.y), std::floor(q.z)};
  const Point t = q - base;
  const auto wrap = [](double lattice) { return static_cast<int64_t>(lattice) & (period - 1); };
  const int64_t x[2] = {wrap(base.x), wrap(base.x + 1)}, y[2] = {wrap(base.y), wrap(base.y + 1)},
                z[2] = {wrap(base.z), wrap(base.z + 1)};
  const auto corner = [&](int i, int j, int k) {
    const Point& g = gradients_[static_cast<size_t>(x[i] + period * (y[j] + period * z[k]))];
    return g.x * (t.x - i) + g.y * (t.y - j) + g.z * (t.z - k);
  };
  const double u = fade(t.x), v = fade(t.y), w = fade(t.z);
  const auto row = [&](int j, int k) { return mix(corner(0, j, k), corner(1, j, k), u); };
  return mix(mix(row(0, 0), row(1, 0), v), mix(row(0, 1), row(1, 1), v), w);
}

}  // namespace revunet::io

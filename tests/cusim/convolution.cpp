#include "tests/cusim/convolution.h"

#include <cstddef>

namespace revunet::cusim {

namespace {

size_t at(int64_t i) {
  return static_cast<size_t>(i);
}

// Where tap `tap` about voxel `v` falls; -1 outside.
int64_t neighbour(const ConvolutionShape& c, int64_t v, int64_t tap) {
  const int64_t pad = (c.k - 1) / 2;
  const int64_t d = v / (c.W * c.H) % c.D + tap / (c.k * c.k) - pad, h = v / c.W % c.H + tap / c.k % c.k - pad;
  const int64_t w = v % c.W + tap % c.k - pad;
  if (d < 0 || h < 0 || w < 0 || d >= c.D || h >= c.H || w >= c.W) return -1;
  return ((v / (c.W * c.H * c.D) * c.D + d) * c.H + h) * c.W + w;
}

// Calls f(tap, voxel of x, voxel of y) for all pairs that a convolution joins.
template <class F>
void for_each_pair(const ConvolutionShape& c, F f) {
  for (int64_t tap = 0; tap < c.taps(); ++tap) {
    for (int64_t y = 0; y < c.voxels(); ++y) {
      if (const int64_t x = neighbour(c, y, tap); x >= 0) f(tap, x, y);
    }
  }
}

}  // namespace

std::vector<double> forward(const ConvolutionShape& c, const std::vector<float>& x, const std::vector<float>& w) {
  std::vector<double> sums(at(c.voxels() * c.O));
  for_each_pair(c, [&](int64_t tap, int64_t vx, int64_t vy) {
    for (int64_t o = 0; o < c.O; ++o) {
      float sum = 0;
      const float *a = &x[at(vx * c.I)], *b = &w[at((o * c.taps() + tap) * c.I)];
      for (int64_t i = 0; i < c.I; ++i) sum += a[i] * b[i];
      sums[at(vy * c.O + o)] += static_cast<double>(sum);
    }
  });
  return sums;
}

std::vector<double> backward_data(const ConvolutionShape& c, const std::vector<float>& dy,
                                  const std::vector<float>& w) {
  std::vector<double> sums(at(c.voxels() * c.I));
  for_each_pair(c, [&](int64_t tap, int64_t vx, int64_t vy) {
    for (int64_t o = 0; o < c.O; ++o) {
      const double gradient = static_cast<double>(dy[at(vy * c.O + o)]);
      const float* b = &w[at((o * c.taps() + tap) * c.I)];
      for (int64_t i = 0; i < c.I; ++i) sums[at(vx * c.I + i)] += gradient * static_cast<double>(b[i]);
    }
  });
  return sums;
}

std::vector<double> backward_weight(const ConvolutionShape& c, const std::vector<float>& x,
                                    const std::vector<float>& dy) {
  std::vector<double> sums(at(c.O * c.taps() * c.I));
  for_each_pair(c, [&](int64_t tap, int64_t vx, int64_t vy) {
    for (int64_t o = 0; o < c.O; ++o) {
      const double gradient = static_cast<double>(dy[at(vy * c.O + o)]);
      const float* a = &x[at(vx * c.I)];
      double* to = &sums[at((o * c.taps() + tap) * c.I)];
      for (int64_t i = 0; i < c.I; ++i) to[i] += gradient * static_cast<double>(a[i]);
    }
  });
  return sums;
}

}  // namespace revunet::cusim

#include "tests/cusim/convolution.h"

#include <algorithm>
#include <cstddef>

namespace revunet::cusim {

namespace {

size_t at(int64_t i) {
  return static_cast<size_t>(i);
}

// Calls f(tap, voxel of x, voxel of y) for all pairs that a convolution joins, in the order of taps and then of y.
template <class F>
void for_each_pair(const ConvolutionShape& c, F f) {
  const int64_t pad = (c.k - 1) / 2;
  for (int64_t tap = 0; tap < c.taps(); ++tap) {
    const int64_t dd = tap / (c.k * c.k) - pad, dh = tap / c.k % c.k - pad, dw = tap % c.k - pad;
    const int64_t first = std::max<int64_t>(0, -dw), last = std::min(c.W, c.W - dw);
    for (int64_t n = 0; n < c.N; ++n) {
      for (int64_t d = std::max<int64_t>(0, -dd); d < std::min(c.D, c.D - dd); ++d) {
        for (int64_t h = std::max<int64_t>(0, -dh); h < std::min(c.H, c.H - dh); ++h) {
          const int64_t y = ((n * c.D + d) * c.H + h) * c.W, x = ((n * c.D + d + dd) * c.H + h + dh) * c.W + dw;
          for (int64_t w = first; w < last; ++w) f(tap, x + w, y + w);
        }
      }
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

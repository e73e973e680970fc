#include <array>
#include <type_traits>

#include "kernels/max_pool3d/max_pool3d.h"

namespace revunet {

namespace {

constexpr int kWindow = 8;  // voxels

// Offsets of a window's voxels from its first, in (i, j, k) order.
std::array<int64_t, kWindow> window_offsets(const Activation& x) {
  std::array<int64_t, kWindow> offsets{};
  for (int64_t v = 0; v < kWindow; ++v) {
    offsets[static_cast<size_t>(v)] = ((v / 4 * x.H + v / 2 % 2) * x.W + v % 2) * x.C;
  }
  return offsets;
}

// Calls f(first element of the window in x, its element in y) for every window, in parallel. x is the larger side.
template <class F>
void for_each_window(const Activation& x, F f) {
  const int64_t D = x.D / 2, H = x.H / 2, W = x.W / 2;
#pragma omp parallel for collapse(2)
  for (int64_t nd = 0; nd < x.N * D; ++nd) {
    for (int64_t h = 0; h < H; ++h) {
      const int64_t x_row = (2 * nd * x.H + 2 * h) * x.W * x.C, y_row = (nd * H + h) * W * x.C;
      for (int64_t w = 0; w < W; ++w) f(x_row + 2 * w * x.C, y_row + w * x.C);
    }
  }
}

// Whether v takes the place of the maximum so far. Without short cuts, so that it vectorises.
template <class T>
bool replaces(T v, T maximum) {
  return (v > maximum) | (v != v);
}

}  // namespace

void max_pool3d_forward(const Context&, const Tensor& x, Tensor& y) {
  dispatch(x.dtype(), [&]<class T>() {
    const T* px = x.data<T>();
    T* py = y.data<T>();
    const Activation in = activation(x.shape());
    const auto offsets = window_offsets(in);
    for_each_window(in, [&](int64_t x_first, int64_t y_first) {
      const T* window = px + x_first;
      T* to = py + y_first;
#pragma omp simd
      for (int64_t c = 0; c < in.C; ++c) {
        T maximum = window[c];
        for (size_t v = 1; v < kWindow; ++v) {
          const T value = window[offsets[v] + c];
          maximum = replaces(value, maximum) ? value : maximum;
        }
        to[c] = maximum;
      }
    });
  });
}

void max_pool3d_backward(const Context&, const Tensor& x, const Tensor& dy, Tensor& dx, bool accumulate) {
  dispatch(x.dtype(), [&]<class T>() {
    using Index = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;  // as wide as T: one vector holds as many
    const T *px = x.data<T>(), *pdy = dy.data<T>();
    T* pdx = dx.data<T>();
    const Activation in = activation(x.shape());
    const auto offsets = window_offsets(in);
    for_each_window(in, [&](int64_t x_first, int64_t y_first) {
      const T *window = px + x_first, *from = pdy + y_first;
      T* to = pdx + x_first;
#pragma omp simd
      for (int64_t c = 0; c < in.C; ++c) {
        T maximum = window[c];
        Index chosen = 0;
        for (size_t v = 1; v < kWindow; ++v) {
          const T value = window[offsets[v] + c];
          const bool better = replaces(value, maximum);
          maximum = better ? value : maximum;
          chosen = better ? static_cast<Index>(v) : chosen;
        }
        for (size_t v = 0; v < kWindow; ++v) {
          const T d = chosen == static_cast<Index>(v) ? from[c] : T{0};
          T& target = to[offsets[v] + c];
          target = accumulate ? target + d : d;
        }
      }
    });
  });
}

}  // namespace revunet

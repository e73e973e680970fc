#include <algorithm>
#include <array>

#include "kernels/max_pool3d/max_pool3d.h"

namespace revunet::cpu {

namespace {

constexpr size_t kWindow = 8;   // voxels
constexpr int64_t kBlock = 64;  // channels whose choice is held at a time, on the stack

// Returns the offsets of a window's voxels from its first one, in (i, j, k) order.
std::array<int64_t, kWindow> window_offsets(const Activation& x) {
  std::array<int64_t, kWindow> offsets{};
  for (size_t v = 0; v < kWindow; ++v) {
    const int64_t i = v / 4, j = v / 2 % 2, k = v % 2;
    offsets[v] = ((i * x.H + j) * x.W + k) * x.C;
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

// Returns whether v replaces the maximum so far. It has no short circuits, so that it vectorises.
template <class T>
bool replaces(T v, T maximum) {
  return (v > maximum) | (v != v);
}

template <bool accumulate, class T>
void backward(const T* x, const T* dy, const Activation& in, T* dx) {
  const auto offsets = window_offsets(in);
  for_each_window(in, [=](int64_t x_first, int64_t y_first) {
    for (int64_t c0 = 0; c0 < in.C; c0 += kBlock) {
      const int64_t channels = std::min(kBlock, in.C - c0);
      const T *window = x + x_first + c0, *gradient = dy + y_first + c0;
      // Holds the place in the window, in a type as wide as the values, so that it fills vectors as they do. A loop of
      // its own uses the choice, because GCC makes branches of it where it is used at once, which is 30 times slower.
      Compute<T> chosen[kBlock];
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) {
        Compute<T> maximum = window[c], where = 0;
        for (size_t v = 1; v < kWindow; ++v) {
          const Compute<T> value = window[offsets[v] + c];
          const bool better = replaces(value, maximum);
          maximum = better ? value : maximum;
          where = better ? static_cast<Compute<T>>(v) : where;
        }
        chosen[c] = where;
      }
      for (size_t v = 0; v < kWindow; ++v) {
        T* to = dx + x_first + c0 + offsets[v];
#pragma omp simd
        for (int64_t c = 0; c < channels; ++c) {
          const Compute<T> all = gradient[c], d = chosen[c] == static_cast<Compute<T>>(v) ? all : 0;
          to[c] = static_cast<T>(accumulate ? to[c] + d : d);
        }
      }
    }
  });
}

}  // namespace

void max_pool3d_forward(const Context& ctx, const Tensor& x, Tensor& y) {
  if (!ctx.device.computes()) return;
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
        Compute<T> maximum = window[c];
        for (size_t v = 1; v < kWindow; ++v) {
          const Compute<T> value = window[offsets[v] + c];
          maximum = replaces(value, maximum) ? value : maximum;
        }
        to[c] = static_cast<T>(maximum);
      }
    });
  });
}

void max_pool3d_backward(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dx, bool accumulate) {
  if (!ctx.device.computes()) return;
  dispatch(x.dtype(), [&]<class T>() {
    accumulate ? backward<true>(x.data<T>(), dy.data<T>(), activation(x.shape()), dx.data<T>())
               : backward<false>(x.data<T>(), dy.data<T>(), activation(x.shape()), dx.data<T>());
  });
}

}  // namespace revunet::cpu

#include <algorithm>
#include <array>

#include "kernels/max_pool3d/max_pool3d.h"

namespace revunet::REVUNET_CPU {

namespace {

constexpr int64_t kBlock = 64;  // channels whose choice is held at a time, on the stack

// Returns the offsets of a window's voxels from its first one, in (i, j, k) order.
template <class Factors>
std::array<int64_t, Factors::voxels> window_offsets(const Activation& x) {
  std::array<int64_t, Factors::voxels> offsets{};
  for (size_t v = 0; v < Factors::voxels; ++v) {
    const int64_t i = v / (Factors::h * Factors::w), j = v / Factors::w % Factors::h, k = v % Factors::w;
    offsets[v] = ((i * x.H + j) * x.W + k) * x.C;
  }
  return offsets;
}

// Calls f(first element of the window in x, its element in y) for every window, in parallel. x is the larger side.
template <class Factors, class F>
void for_each_window(const Activation& x, F f) {
  const int64_t D = x.D / Factors::d, H = x.H / Factors::h, W = x.W / Factors::w;
#pragma omp parallel for collapse(2)
  for (int64_t nd = 0; nd < x.N * D; ++nd) {
    for (int64_t h = 0; h < H; ++h) {
      const int64_t x_row = (Factors::d * nd * x.H + Factors::h * h) * x.W * x.C, y_row = (nd * H + h) * W * x.C;
      for (int64_t w = 0; w < W; ++w) f(x_row + Factors::w * w * x.C, y_row + w * x.C);
    }
  }
}

// Returns whether v replaces the maximum so far. It has no short circuits, so that it vectorises.
template <class T>
bool replaces(T v, T maximum) {
  return (v > maximum) | (v != v);
}

template <class Factors, class T>
void forward(const T* x, const Activation& in, T* y) {
  const auto offsets = window_offsets<Factors>(in);
  for_each_window<Factors>(in, [&](int64_t x_first, int64_t y_first) {
    const T* window = x + x_first;
    T* to = y + y_first;
#pragma omp simd
    for (int64_t c = 0; c < in.C; ++c) {
      Compute<T> maximum = window[c];
      for (size_t v = 1; v < Factors::voxels; ++v) {
        const Compute<T> value = window[offsets[v] + c];
        maximum = replaces(value, maximum) ? value : maximum;
      }
      set_rounded(to[c], maximum);
    }
  });
}

template <bool accumulate, class Factors, class T>
void backward(const T* x, const T* dy, const Activation& in, T* dx) {
  const auto offsets = window_offsets<Factors>(in);
  for_each_window<Factors>(in, [=](int64_t x_first, int64_t y_first) {
    for (int64_t c0 = 0; c0 < in.C; c0 += kBlock) {
      const int64_t channels = std::min(kBlock, in.C - c0);
      const T *window = x + x_first + c0, *gradient = dy + y_first + c0;
      // Holds the place in the window, in a type as wide as the values, so that it fills vectors as they do. A loop of
      // its own uses the choice, because GCC makes branches of it where it is used at once, which is 30 times slower.
      Compute<T> chosen[kBlock];
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) {
        Compute<T> maximum = window[c], where = 0;
        for (size_t v = 1; v < Factors::voxels; ++v) {
          const Compute<T> value = window[offsets[v] + c];
          const bool better = replaces(value, maximum);
          maximum = better ? value : maximum;
          where = better ? static_cast<Compute<T>>(v) : where;
        }
        chosen[c] = where;
      }
      for (size_t v = 0; v < Factors::voxels; ++v) {
        T* to = dx + x_first + c0 + offsets[v];
#pragma omp simd
        for (int64_t c = 0; c < channels; ++c) {
          const Compute<T> all = gradient[c], d = chosen[c] == static_cast<Compute<T>>(v) ? all : 0;
          set_rounded(to[c], accumulate ? to[c] + d : d);
        }
      }
    }
  });
}

}  // namespace

void max_pool3d_forward(const Context& ctx, const Tensor& x, Tensor& y) {
  const AxisFactors factors = factors_between("max_pool3d", x.shape(), y.shape());
  if (!ctx.device.computes()) return;
  dispatch_factors(factors, [&]<class Factors>() {
    dispatch(x.dtype(), [&]<class T>() { forward<Factors>(x.data<T>(), activation(x.shape()), y.template data<T>()); });
  });
}

void max_pool3d_backward(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dx, bool accumulate) {
  const AxisFactors factors = factors_between("max_pool3d", x.shape(), dy.shape());
  if (!ctx.device.computes()) return;
  dispatch_factors(factors, [&]<class Factors>() {
    dispatch(x.dtype(), [&]<class T>() {
      accumulate ? backward<true, Factors>(x.data<T>(), dy.data<T>(), activation(x.shape()), dx.data<T>())
                 : backward<false, Factors>(x.data<T>(), dy.data<T>(), activation(x.shape()), dx.data<T>());
    });
  });
}

}  // namespace revunet::REVUNET_CPU

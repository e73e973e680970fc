#include <algorithm>

#include "engine/cuda/launch.h"
#include "kernels/cuda/pack.h"
#include "kernels/max_pool3d/max_pool3d.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kThreads = 256;  // threads per block

// Windows has the extents of the coarse side, y, with packs of channels for C.
template <class Factors>
struct Windows {
  int64_t D, H, W, packs, count;  // count: number of threads, one per window and pack

  // Returns the first element of window i in x, whose extents are these times the factors. `voxel` is the number of
  // elements per voxel.
  __device__ int64_t first(int64_t i, int64_t voxel, int pack) const {
    const int64_t place = i / packs, w = place % W, h = place / W % H, nd = place / (W * H);
    const int64_t row = Factors::d * nd * Factors::h * H + Factors::h * h;
    return (row * Factors::w * W + Factors::w * w) * voxel + i % packs * pack;
  }
  // Returns the offset from the first voxel of a window to its v-th, in (i, j, k) order.
  __device__ int64_t offset(int v, int64_t voxel) const {
    const int64_t row = v / (Factors::h * Factors::w) * Factors::h * H + v / Factors::w % Factors::h;
    return (row * Factors::w * W + v % Factors::w) * voxel;
  }
};

// Returns whether v replaces the maximum so far.
__device__ bool replaces(float v, float maximum) {
  return v > maximum || v != v;
}

template <class T, class Factors>
__global__ void __launch_bounds__(kThreads) forward_kernel(Windows<Factors> windows, const T* x, T* y) {
  const int64_t i = grid_thread();
  if (i >= windows.count) return;
  const int64_t voxel = windows.packs * kPack<T>, first = windows.first(i, voxel, kPack<T>);
  Pack<T> maximum = Pack<T>::load(x + first);
  for (int v = 1; v < Factors::voxels; ++v) {
    const Pack<T> values = Pack<T>::load(x + first + windows.offset(v, voxel));
    for (int c = 0; c < kPack<T>; ++c) {
      if (replaces(values[c], maximum[c])) maximum[c] = values[c];
    }
  }
  maximum.store(y + i * kPack<T>);
}

template <class T, class Factors>
__global__ void __launch_bounds__(kThreads)
    backward_kernel(Windows<Factors> windows, const T* x, const T* dy, bool accumulate, T* dx) {
  const int64_t i = grid_thread();
  if (i >= windows.count) return;
  const int64_t voxel = windows.packs * kPack<T>, first = windows.first(i, voxel, kPack<T>);
  Pack<T> maximum = Pack<T>::load(x + first);
  int chosen[kPack<T>] = {};
  for (int v = 1; v < Factors::voxels; ++v) {
    const Pack<T> values = Pack<T>::load(x + first + windows.offset(v, voxel));
    for (int c = 0; c < kPack<T>; ++c) {
      if (!replaces(values[c], maximum[c])) continue;
      maximum[c] = values[c];
      chosen[c] = v;
    }
  }
  const Pack<T> gradient = Pack<T>::load(dy + i * kPack<T>);
  for (int v = 0; v < Factors::voxels; ++v) {
    T* to = dx + first + windows.offset(v, voxel);
    Pack<T> d = accumulate ? Pack<T>::load(to) : Pack<T>{};
    for (int c = 0; c < kPack<T>; ++c) {
      if (chosen[c] == v) d[c] += gradient[c];
    }
    d.store(to);
  }
}

template <class T, class Factors>
Windows<Factors> windows_of(const Tensor& x) {
  const Activation in = activation(x.shape());
  const int64_t packs = packs_per_voxel<T>(x);
  return {in.D / Factors::d, in.H / Factors::h, in.W / Factors::w, packs, in.N * in.voxels() / Factors::voxels * packs};
}

}  // namespace

void max_pool3d_forward(const Context& ctx, const Tensor& x, Tensor& y) {
  dispatch_factors(factors_between("max_pool3d", x.shape(), y.shape()), [&]<class Factors>() {
    dispatch_f32_bf16(x.dtype(), [&]<class T>() {
      const auto windows = windows_of<T, Factors>(x);
      launch(ctx, blocks_for(windows.count, kThreads), dim3(kThreads), forward_kernel<T, Factors>, windows,
             packs_of<T>(x), packs_of<T>(y));
    });
  });
}

void max_pool3d_backward(const Context& ctx, const Tensor& x, const Tensor& dy, Tensor& dx, bool accumulate) {
  dispatch_factors(factors_between("max_pool3d", x.shape(), dy.shape()), [&]<class Factors>() {
    dispatch_f32_bf16(x.dtype(), [&]<class T>() {
      const auto windows = windows_of<T, Factors>(x);
      launch(ctx, blocks_for(windows.count, kThreads), dim3(kThreads), backward_kernel<T, Factors>, windows,
             packs_of<T>(x), packs_of<T>(dy), accumulate, packs_of<T>(dx));
    });
  });
}

}  // namespace revunet::cuda

// For every channel, these kernels sum over voxels what a function makes of two activations.
//
// Rule: the order of additions follows from the shape alone. A thread adds in float over at most a few hundred voxels,
// a block's threads are added as a tree, and the blocks' sums are added in double.
#pragma once

#include "kernels/cuda/block_reduce.h"
#include "kernels/cuda/voxel_grid.h"

namespace revunet::cuda {

// Adds up `values` of the threads of one column (threadIdx.x) of a block, as a tree. Thread y = 0 gets the sum.
// `shared` has room for the values of kGridThreads threads. All threads of the block synchronise here.
template <int N>
__device__ void add_columns(Channels<N>& values, Channels<N>* shared) {
  const unsigned self = threadIdx.y * blockDim.x + threadIdx.x;
  shared[self] = values;
  reduce_rows(shared, [](Channels<N>& to, const Channels<N>& from) {
    for (int c = 0; c < N; ++c) to[c] += from[c];
  });
  values = shared[self];
  __syncthreads();  // before the next value is written
}

// partial is (ranges, K, packs * N), where N is the number of channels in b's packs. F has channel(c), which gives a
// channel's constants, and terms(constants, a, b, float[K]).
template <int K, class A, class B, class F>
__global__ void __launch_bounds__(kGridThreads)
    channel_sums_kernel(int64_t voxels, int64_t range, int64_t packs, Voxels<const A> a, Voxels<const B> b, F f,
                        float* partial) {
  constexpr int N = kPack<B>;
  REVUNET_SHARED(Channels<N>, shared, kGridThreads);
  const VoxelRange at(voxels, range);
  Channels<N> sums[K] = {};
  if (at.pack < packs) {
    decltype(f.channel(0)) constants[N];
    for (int c = 0; c < N; ++c) constants[c] = f.channel(at.pack * N + c);
    for (int64_t v = at.begin + threadIdx.y; v < at.end; v += blockDim.y) {
      const auto x = a.template load<N>(v, at.pack), y = b.template load<N>(v, at.pack);
      for (int c = 0; c < N; ++c) {
        float terms[K];
        f.terms(constants[c], x[c], y[c], terms);
        for (int k = 0; k < K; ++k) sums[k][c] += terms[k];
      }
    }
  }
  for (int k = 0; k < K; ++k) {
    add_columns(sums[k], shared);
    if (threadIdx.y != 0 || at.pack >= packs) continue;
    float* to = partial + ((static_cast<int64_t>(blockIdx.x) * K + k) * packs + at.pack) * N;
    for (int c = 0; c < N; ++c) to[c] = sums[k][c];
  }
}

inline constexpr unsigned kColumns = 32, kLanes = 8;  // of a block of add_ranges_kernel

// Computes sums (columns) from partial (ranges, columns).
static __global__ void __launch_bounds__(kColumns* kLanes)
    add_ranges_kernel(int64_t ranges, int64_t columns, const float* partial, double* sums) {
  REVUNET_SHARED(double, shared, kColumns* kLanes);
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kColumns + threadIdx.x;
  const unsigned self = threadIdx.y * kColumns + threadIdx.x;
  double sum = 0;
  if (column < columns) {
    for (int64_t r = threadIdx.y; r < ranges; r += kLanes) sum += static_cast<double>(partial[r * columns + column]);
  }
  shared[self] = sum;
  reduce_rows(shared, [](double& to, double from) { to += from; });
  if (threadIdx.y == 0 && column < columns) sums[column] = shared[self];
}

// Returns (K, channels with b's padding), f64, workspace, over `voxels` voxels of a and b. b has a's type, or a
// narrower one. It may be a.
template <int K, class A, class B, class F>
Tensor channel_sums(const Context& ctx, int64_t voxels, const Voxels<const A>& a, const Voxels<const B>& b, F f) {
  const Context workspace = ctx.for_workspace();
  const VoxelGrid g = voxel_grid(voxels, b.stride / kPack<B>);
  const int64_t columns = K * b.stride;
  const Tensor partial(workspace, {g.ranges(), columns}, DType::f32);
  Tensor sums(workspace, {K, b.stride}, DType::f64);
  float* to = const_cast<float*>(partial.data<float>());
  launch(ctx, g.grid, g.block, channel_sums_kernel<K, A, B, F>, voxels, g.range, g.packs, a, b, f, to);
  launch(ctx, blocks_for(columns, kColumns), dim3(kColumns, kLanes), add_ranges_kernel, g.ranges(), columns, to,
         sums.data<double>());
  return sums;
}

}  // namespace revunet::cuda

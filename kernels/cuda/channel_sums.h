// For every channel, these kernels sum over voxels what a function makes of two views of them, such as two activations.
//
// Rule: the order of additions follows from the shape alone. A thread adds in float over at most a few hundred voxels,
// a block's threads are added as a tree, and the blocks' sums are added in double.
#pragma once

#include "kernels/cuda/add_ranges.h"
#include "kernels/cuda/block_reduce.h"
#include "kernels/cuda/resident_blocks.h"

namespace revunet::cuda {

// Holds what two views have of N channels at one voxel.
template <class A, class B>
struct PairOfChannels {
  A a;
  B b;
};

// Holds K sums for each of N channels.
template <int K, int N>
struct ChannelSums {
  Channels<N> of[K];
};

// partial is (ranges, K, packs * N), where N is the number of channels in b's packs. F has channel(c), which gives a
// channel's constants, and terms(constants, a, b, float[K]). A and B are Voxels (pack.h), or what loads channels alike.
template <int K, class A, class B, class F>
__global__ void __launch_bounds__(kGridThreads, kBlocksPerSm<B::kStored>)
    channel_sums_kernel(int64_t voxels, int64_t range, int64_t packs, A a, B b, F f, float* partial) {
  constexpr int N = B::kStored;
  using Sums = ChannelSums<K, N>;
  REVUNET_SHARED(Sums, shared, kGridThreads);
  const unsigned self = threadIdx.y * blockDim.x + threadIdx.x;
  const int64_t pack = grid_pack();
  decltype(f.channel(0)) constants[N];
  for (int c = 0; c < N; ++c) constants[c] = f.channel(pack * N + c);
  for (int64_t r = blockIdx.x; r * range < voxels; r += gridDim.x) {
    Sums sums = {};
    const auto load = [&](int64_t v) {
      return PairOfChannels{a.template load<N>(v, pack), b.template load<N>(v, pack)};
    };
    const auto add = [&](int64_t, const auto& at) {
      for (int c = 0; c < N; ++c) {
        float terms[K];
        f.terms(constants[c], at.a[c], at.b[c], terms);
        for (int k = 0; k < K; ++k) sums.of[k][c] += terms[k];
      }
    };
    if (pack < packs) VoxelRange(voxels, range, r).for_each_voxel<kBatch<1 + A::template kLoads<N>>>(load, add);
    shared[self] = sums;
    reduce_rows(shared, [](Sums& to, const Sums& from) {
      for (int k = 0; k < K; ++k) {
        for (int c = 0; c < N; ++c) to.of[k][c] += from.of[k][c];
      }
    });
    if (threadIdx.y == 0 && pack < packs) {
      for (int k = 0; k < K; ++k) {
        for (int c = 0; c < N; ++c) partial[((r * K + k) * packs + pack) * N + c] = shared[self].of[k][c];
      }
    }
    __syncthreads();  // before the next range
  }
}

// Computes sums (K, channels with b's padding) over `voxels` voxels of a and b. Where both are activations, b has a's
// type, or a narrower one. It may be a.
template <int K, class A, class B, class F>
void channel_sums(const Context& ctx, int64_t voxels, const A& a, const B& b, F f, double* sums) {
  const VoxelGrid g = voxel_grid(voxels, b.stride / B::kStored);
  const int64_t columns = K * b.stride;
  Tensor partial(ctx.for_workspace(), {g.ranges(), columns}, DType::f32);
  launch_in_turn(ctx, g, channel_sums_kernel<K, A, B, F>, voxels, g.range, g.packs, a, b, f, partial.data<float>());
  add_ranges<8, 64>(ctx, g.ranges(), columns, partial.data<float>(), sums);  // few columns, and thousands of ranges
}

// Returns them as a tensor, f64, workspace.
template <int K, class A, class B, class F>
Tensor channel_sums(const Context& ctx, int64_t voxels, const A& a, const B& b, F f) {
  Tensor sums(ctx.for_workspace(), {K, b.stride}, DType::f64);
  channel_sums<K>(ctx, voxels, a, b, f, sums.data<double>());
  return sums;
}

}  // namespace revunet::cuda

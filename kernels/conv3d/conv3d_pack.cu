#include "kernels/conv3d/conv3d_pack.h"

#include "kernels/cuda/channel_sums.h"

namespace revunet::cuda {

namespace {

constexpr int64_t kThreads = 256, kMostBlocks = 4096;

// Of a packed block, and where its elements are in the whole weight.
struct Packed {
  WeightBlock block;
  int64_t taps, padded_I, whole_I, count;

  // The element of the weight that element i of the packed block is, or -1 in the padding.
  __device__ int64_t source(int64_t i) const {
    const int64_t c = i % padded_I, tap = i / padded_I % taps, o = i / (padded_I * taps);
    if (c >= block.I || o >= block.O) return -1;
    return ((block.o0 + o) * taps + tap) * whole_I + block.i0 + c;
  }
};

template <class T>
__global__ void pack_kernel(Packed packed, const float* weight, T* to) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < packed.count; i += step) {
    const int64_t from = packed.source(i);
    to[i] = static_cast<T>(from < 0 ? 0.0f : weight[from]);
  }
}

template <class T>
__global__ void add_packed_kernel(Packed packed, const T* from, float* dweight) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < packed.count; i += step) {
    const int64_t to = packed.source(i);
    if (to >= 0) dweight[to] += static_cast<float>(from[i]);
  }
}

Packed packed_of(const Tensor& packed, const Tensor& weight, const WeightBlock& block) {
  const int64_t k = weight.shape()[1];
  return {block, k * k * k, packed.shape()[4], weight.shape()[4], packed.elements()};
}

template <class T>
__global__ void fill_kernel(int64_t voxels, int64_t range, int64_t packs, int64_t C, const float* bias, T* y) {
  const VoxelRange at(voxels, range);
  if (at.pack >= packs) return;
  Pack<T> values{};
  for (int c = 0; c < kPack<T>; ++c) {
    const int64_t channel = at.pack * kPack<T> + c;
    if (channel < C) values[c] = bias[channel];
  }
  for (int64_t v = at.begin + threadIdx.y; v < at.end; v += blockDim.y)
    values.store(y + (v * packs + at.pack) * kPack<T>);
}

struct Itself {
  struct Nothing {};
  __device__ Nothing channel(int64_t) const { return {}; }
  __device__ void terms(Nothing, float dy, float, float (&to)[1]) const { to[0] = dy; }
};

__global__ void add_sums_kernel(int64_t C, const double* sums, float* to) {
  const int64_t c = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (c < C) to[c] += static_cast<float>(sums[c]);
}

}  // namespace

void pack_weights(const Context& ctx, const Tensor& weight, const WeightBlock& block, Tensor& to) {
  const Packed packed = packed_of(to, weight, block);
  dispatch_device(to.dtype(), [&]<class T>() {
    launch(ctx, blocks_for(packed.count, kThreads, kMostBlocks), dim3(kThreads), pack_kernel<T>, packed,
           weight.data<float>(), to.data<T>());
  });
}

void add_packed_weights(const Context& ctx, const Tensor& from, const WeightBlock& block, Tensor& dweight) {
  const Packed packed = packed_of(from, dweight, block);
  dispatch_device(from.dtype(), [&]<class T>() {
    launch(ctx, blocks_for(packed.count, kThreads, kMostBlocks), dim3(kThreads), add_packed_kernel<T>, packed,
           from.data<T>(), dweight.data<float>());
  });
}

void fill_with_bias(const Context& ctx, const Tensor& bias, int64_t first, Tensor& y) {
  const Activation out = activation(y.shape());
  dispatch_device(y.dtype(), [&]<class T>() {
    const VoxelGrid g = voxel_grid(out.N * out.voxels(), packs_per_voxel<T>(y));
    launch(ctx, g.grid, g.block, fill_kernel<T>, g.voxels, g.range, g.packs, out.C, bias.data<float>() + first,
           y.data<T>());
  });
}

void add_bias_gradient(const Context& ctx, const Tensor& dy, int64_t first, Tensor& dbias) {
  const Activation out = activation(dy.shape());
  dispatch_device(dy.dtype(), [&]<class T>() {
    const Tensor sums = channel_sums<1>(ctx, out.N * out.voxels(), voxels_of<T>(dy), voxels_of<T>(dy), Itself{});
    launch(ctx, blocks_for(out.C, kThreads, kMostBlocks), dim3(kThreads), add_sums_kernel, out.C, sums.data<double>(),
           dbias.data<float>() + first);
  });
}

}  // namespace revunet::cuda

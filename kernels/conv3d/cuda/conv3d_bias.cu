#include "kernels/conv3d/cuda/conv3d_bias.h"

#include "kernels/cuda/channel_sums.h"

namespace revunet::cuda {

namespace {

constexpr int64_t kThreads = 256;

template <class T>
__global__ void __launch_bounds__(kGridThreads)
    fill_kernel(int64_t voxels, int64_t range, int64_t packs, int64_t C, const float* bias, T* y) {
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

__global__ void __launch_bounds__(kThreads) add_sums_kernel(int64_t C, const double* sums, float* to) {
  const int64_t c = grid_thread();
  if (c < C) to[c] += static_cast<float>(sums[c]);
}

}  // namespace

void fill_with_bias(const Context& ctx, const Tensor& bias, int64_t first, Tensor& y) {
  const Activation out = activation(y.shape());
  dispatch_f32_bf16(y.dtype(), [&]<class T>() {
    const VoxelGrid g = voxel_grid(out.N * out.voxels(), packs_per_voxel<T>(y));
    launch(ctx, g.grid, g.block, fill_kernel<T>, g.voxels, g.range, g.packs, out.C, bias.data<float>() + first,
           packs_of<T>(y));
  });
}

void add_bias_gradient(const Context& ctx, const Tensor& dy, int64_t first, Tensor& dbias) {
  const Activation out = activation(dy.shape());
  dispatch_f32_bf16(dy.dtype(), [&]<class T>() {
    const Tensor sums = channel_sums<1>(ctx, out.N * out.voxels(), voxels_of<T>(dy), voxels_of<T>(dy), Itself{});
    launch(ctx, blocks_for(out.C, kThreads), dim3(kThreads), add_sums_kernel, out.C, sums.data<double>(),
           dbias.data<float>() + first);
  });
}

}  // namespace revunet::cuda

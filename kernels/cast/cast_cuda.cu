#include "kernels/cast/cast.h"
#include "kernels/cuda/voxel_grid.h"

namespace revunet::cuda {

namespace {

// N is the number of channels in the narrower type's packs, so the wider type's padding may be less.
template <int N, class X, class Y>
__global__ void __launch_bounds__(kGridThreads)
    cast_kernel(int64_t voxels, int64_t range, int64_t packs, Voxels<const X> x, Voxels<Y> y) {
  const VoxelRange at(voxels, range);
  if (at.pack >= packs) return;
  for (int64_t v = at.begin + threadIdx.y; v < at.end; v += blockDim.y) {
    y.store(v, at.pack, x.template load<N>(v, at.pack));
  }
}

}  // namespace

void cast_forward(const Context& ctx, const Tensor& x, Tensor& y) {
  const auto [batch, D, H, W, C] = activation(x.shape());
  const int64_t voxels = batch * D * H * W;
  dispatch_f32_bf16(x.dtype(), [&]<class X>() {
    dispatch_f32_bf16(y.dtype(), [&]<class Y>() {
      constexpr int N = std::max(kPack<X>, kPack<Y>);
      const VoxelGrid g = voxel_grid(voxels, (std::max(x.channel_stride(), y.channel_stride()) + N - 1) / N);
      launch(ctx, g.grid, g.block, cast_kernel<N, X, Y>, g.voxels, g.range, g.packs, voxels_of<X>(x), voxels_of<Y>(y));
    });
  });
}

}  // namespace revunet::cuda

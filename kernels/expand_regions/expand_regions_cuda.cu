#include "engine/cuda/launch.h"
#include "kernels/cuda/pack.h"
#include "kernels/expand_regions/expand_regions.h"

namespace revunet::cuda {

namespace {

constexpr unsigned kThreads = 256;  // threads per block

// Each thread writes one voxel: all regions are in one pack, whose other channels are padding.
template <class T>
__global__ void __launch_bounds__(kThreads) expand_regions_kernel(int64_t voxels, const uint8_t* labels, T* regions) {
  static_assert(kRegions <= kPack<T>);
  const int64_t voxel = grid_thread();
  if (voxel >= voxels) return;
  Pack<T> pack{};
  for (int r = 0; r < kRegions; ++r) pack[r] = is_in_region(labels[voxel], r) ? 1.0f : 0.0f;
  pack.store(regions + voxel * kPack<T>);
}

}  // namespace

void expand_regions(const Context& ctx, const Tensor& labels, Tensor& regions) {
  const int64_t voxels = labels.elements();
  dispatch_f32_bf16(regions.dtype(), [&]<class T>() {
    REVUNET_EXPECTS(packs_per_voxel<T>(regions) == 1, Error, "[expand_regions] expected one pack per voxel, got {}",
                    regions.spec().to_string());
    launch(ctx, blocks_for(voxels, kThreads), dim3(kThreads), expand_regions_kernel<T>, voxels, labels.data<uint8_t>(),
           packs_of<T>(regions));
  });
}

}  // namespace revunet::cuda

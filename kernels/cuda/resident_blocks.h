// This file launches a kernel over ranges of voxels with as many blocks as the device runs at once. They take the
// ranges in turn, so no last wave of blocks leaves most of the device without work, and each thread loads its channels'
// constants once.
#pragma once

#include <map>
#include <utility>

#include "engine/cuda/check.h"
#include "kernels/cuda/voxel_grid.h"

namespace revunet::cuda {

// ResidentBlocks knows how many blocks of a kernel the device runs at once. It is ctx.device.state<ResidentBlocks>(),
// and asks the runtime once per kernel and size of block.
class ResidentBlocks {
 public:
  ResidentBlocks() {
    int device = 0;
    REVUNET_CUDA_CHECK(cudaGetDevice(&device));
    REVUNET_CUDA_CHECK(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, device));
  }

  int64_t of(const void* kernel, const dim3& block) {
    const auto threads = static_cast<int>(block.x * block.y * block.z);
    int& blocks = per_multiprocessor_[{kernel, threads}];
    if (blocks == 0) {
      REVUNET_CUDA_CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, threads, 0));
      REVUNET_EXPECTS(blocks > 0, Error, "[cuda] expected a kernel of which the device runs {} threads, got none",
                      threads);
    }
    return int64_t{blocks} * multiprocessors_;
  }

 private:
  int multiprocessors_ = 0;
  std::map<std::pair<const void*, int>, int> per_multiprocessor_;
};

// The kernel's blocks take range blockIdx.x, then every gridDim.x-th after it.
template <class... Parameters>
void launch_in_turn(const Context& ctx, const VoxelGrid& g, void (*kernel)(Parameters...),
                    std::type_identity_t<Parameters>... arguments) {
  dim3 grid = g.grid;
  const int64_t resident = ctx.device.state<ResidentBlocks>().of(reinterpret_cast<const void*>(kernel), g.block);
  grid.x = static_cast<unsigned>(std::clamp<int64_t>(resident / grid.y, 1, grid.x));
  launch(ctx, grid, g.block, kernel, arguments...);
}

}  // namespace revunet::cuda

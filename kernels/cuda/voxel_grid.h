// This is a grid of blocks over voxels and packs of channels. Thread (x, y) of a block takes pack x of every
// blockDim.y-th voxel of its range. Threads of a warp read neighbouring memory, and each keeps to its channels, whose
// constants it holds.
//
// Rule: voxels are cut into ranges by the shape alone, never by the device, so sums have the same order everywhere. A
// block takes one range, or blocks take all ranges in turn (resident_blocks.h).
#pragma once

#include <algorithm>

#include "engine/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace revunet::cuda {

inline constexpr int64_t kGridThreads = 256;     // about so many per block
inline constexpr int64_t kMostPacks = 64;        // per block, so that it spans several voxels
inline constexpr int64_t kVoxelsPerThread = 16;  // at least, where there are so many voxels
inline constexpr int64_t kMostRanges = 4096;     // several for each block that a device runs at once

// Says how many voxels a thread loads at once, with so many packs for each: four to six packs are then under way, which
// hides the memory's latency, and fit into the registers of kBlocksPerSm blocks.
template <int packs>
inline constexpr int kBatch = packs == 1   ? 4
                              : packs <= 3 ? 2
                                           : 1;

// Kernels over such grids have registers for so many blocks per multiprocessor, if their threads take packs of N
// channels with several constants each. With another block more, they would keep some of them in memory.
template <int N>
inline constexpr int kBlocksPerSm = N <= 4 ? 4 : 3;

struct VoxelGrid {
  int64_t voxels, packs;  // packs of a voxel
  int64_t range;          // voxels per range, in whole batches of the block's threads
  dim3 grid, block;       // with a block for each range

  int64_t ranges() const { return grid.x; }
};

inline VoxelGrid voxel_grid(int64_t voxels, int64_t packs) {
  const int64_t x = std::min(packs, kMostPacks), y = std::max<int64_t>(1, kGridThreads / x);
  const auto parts = [](int64_t whole, int64_t part) { return (whole + part - 1) / part; };
  const int64_t wanted = std::clamp<int64_t>(parts(voxels, y * kVoxelsPerThread), 1, kMostRanges);
  const int64_t batch = y * kBatch<1>, range = parts(parts(voxels, wanted), batch) * batch;
  const auto u = [](int64_t v) { return static_cast<unsigned>(v); };
  return {voxels, packs, range, dim3(u(parts(voxels, range)), u(parts(packs, x))), dim3(u(x), u(y))};
}

// Returns the pack that this thread of such a grid takes. From the number of packs on, the thread has no work, but must
// reach the barriers.
__device__ inline int64_t grid_pack() {
  return static_cast<int64_t>(blockIdx.y) * blockDim.x + threadIdx.x;
}

// A VoxelRange says what a thread of such a grid works on: the thread's pack, and the voxels of a range.
struct VoxelRange {
  int64_t pack, begin, end;

  __device__ VoxelRange(int64_t voxels, int64_t range, int64_t index = blockIdx.x)
      : pack(grid_pack()), begin(index * range), end(begin + range < voxels ? begin + range : voxels) {}

  // Calls use(v, load(v)) for each of the thread's voxels, in order. It loads for `batch` voxels before it uses the
  // first, so that the loads are under way together whatever `use` stores, which may be over what its own voxel loaded.
  template <int batch, class Load, class Use>
  __device__ void for_each_voxel(Load load, Use use) const {
    static_assert(kBatch<1> % batch == 0);
    const int64_t step = blockDim.y;
    int64_t v = begin + threadIdx.y;
    for (; v + (batch - 1) * step < end; v += batch * step) {
      decltype(load(v)) loaded[batch];
      REVUNET_UNROLL
      for (int i = 0; i < batch; ++i) loaded[i] = load(v + i * step);
      REVUNET_UNROLL
      for (int i = 0; i < batch; ++i) use(v + i * step, loaded[i]);
    }
    for (; v < end; v += step) use(v, load(v));
  }
};

}  // namespace revunet::cuda

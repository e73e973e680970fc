// This is a grid of blocks over voxels and packs of channels. Thread (x, y) of a block takes pack x of every
// blockDim.y-th voxel of its range. Threads of a warp read neighbouring memory, and each keeps to its channels, whose
// constants it holds.
//
// Rule: the grid follows from the shape alone, never from the device, so sums have the same order everywhere.
#pragma once

#include <algorithm>

#include "engine/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace revunet::cuda {

inline constexpr int64_t kGridThreads = 256;     // about so many per block
inline constexpr int64_t kMostPacks = 64;        // per block, so that it spans several voxels
inline constexpr int64_t kVoxelsPerThread = 16;  // at least, where there are so many voxels
inline constexpr int64_t kMostRanges = 1024;     // of voxels: enough blocks to fill any device

struct VoxelGrid {
  int64_t voxels, packs;  // packs of a voxel
  int64_t range;          // voxels per block
  dim3 grid, block;

  int64_t ranges() const { return grid.x; }
};

inline VoxelGrid voxel_grid(int64_t voxels, int64_t packs) {
  const int64_t x = std::min(packs, kMostPacks), y = std::max<int64_t>(1, kGridThreads / x);
  const int64_t wanted =
      std::clamp<int64_t>((voxels + y * kVoxelsPerThread - 1) / (y * kVoxelsPerThread), 1, kMostRanges);
  const int64_t range = (voxels + wanted - 1) / wanted, ranges = (voxels + range - 1) / range;
  const auto u = [](int64_t v) { return static_cast<unsigned>(v); };
  return {voxels, packs, range, dim3(u(ranges), u((packs + x - 1) / x)), dim3(u(x), u(y))};
}

// A VoxelRange says what a thread of such a grid works on: the thread's pack, and the voxels of its block.
struct VoxelRange {
  int64_t pack, begin, end;  // pack >= packs: the thread has no work, but must reach the barriers

  __device__ VoxelRange(int64_t voxels, int64_t range)
      : pack(static_cast<int64_t>(blockIdx.y) * blockDim.x + threadIdx.x),
        begin(static_cast<int64_t>(blockIdx.x) * range),
        end(begin + range < voxels ? begin + range : voxels) {}
};

}  // namespace revunet::cuda

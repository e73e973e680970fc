// This is how our own convolutions on tensor cores read activations.
#pragma once

#include <algorithm>
#include <bit>

#include "kernels/conv3d/cuda/conv3d_problem.h"
#include "kernels/cuda/mma.h"
#include "kernels/cuda/pack.h"

namespace revunet::cuda {

// An OperandPack holds 16 bytes of operands: neighbouring channels, of which f32 are rounded to TF32.
struct alignas(kPackBytes) OperandPack {
  uint32_t words[4];
};

template <class T>
__device__ OperandPack operands_of(StoredPack<T> pack) {
  if constexpr (std::is_same_v<T, float>) {
    for (float& value : pack.channels) value = round_to_tf32(value);
  }
  return std::bit_cast<OperandPack>(pack);
}

// These are the extents (N, D, H, W, C) of an activation, C with padding. They and places in it take 32 bits, because a
// thread has no registers for more.
struct Extents {
  int D, H, W, C;

  Extents(const ConvolutionProblem& p, int64_t channels)
      : D(static_cast<int>(p.D)), H(static_cast<int>(p.H)), W(static_cast<int>(p.W)), C(static_cast<int>(channels)) {}

  // Returns where a channel of a voxel is in memory, or -1 outside of the volume and beyond the channels.
  __device__ int64_t at(int n, int d, int h, int w, int channel) const {
    const bool inside = d >= 0 && h >= 0 && w >= 0 && d < D && h < H && w < W && channel < C;
    const int64_t at = (((int64_t{n} * D + d) * H + h) * W + w) * C + channel;
    return inside ? at : -1;
  }
};

// An Input is an activation whose values are the operands. Kernels take any type with these members; NormedInput
// (conv3d_mma_norm.h) is another one.
template <class T>
struct Input : Extents {
  using Operand = T;
  const T* data;

  Input(const ConvolutionProblem& p, const void* x, int64_t channels)
      : Extents(p, channels), data(static_cast<const T*>(x)) {}

  // These are the index-th pack of the channels of batch element n's voxels, with what a thread keeps for them.
  struct PackChannels {
    int index;
  };
  __device__ PackChannels channels(int /*n*/, int index) const { return {index}; }

  // Returns these channels of a voxel. They are zero outside of the volume and beyond the last channel.
  __device__ OperandPack pack(const PackChannels& channels, int n, int d, int h, int w) const {
    const int64_t from = at(n, d, h, w, channels.index * kPack<T>);
    // It loads in any case, because loads that no branch separates are under way at the same time.
    OperandPack pack = operands_of(*reinterpret_cast<const StoredPack<T>*>(data + (from < 0 ? 0 : from)));
    for (uint32_t& word : pack.words) word = from < 0 ? 0 : word;
    return pack;
  }
};

inline constexpr int kWarp = 32;

// Calls store(i, load(i)) for all i below Count, by all threads of a block that is kWarp threads wide. A thread loads
// several packs before it stores them, so that it waits for all of them at once.
template <int Threads, int Count, class Load, class Store>
__device__ void copy_packs(Load load, Store store) {
  constexpr int kAtOnce = 4;  // 16 registers
  const int thread = static_cast<int>(threadIdx.y * kWarp + threadIdx.x);
  REVUNET_KEEP_LOOP
  for (int first = thread; first < Count; first += kAtOnce * Threads) {
    OperandPack packs[kAtOnce];
    REVUNET_UNROLL
    for (int i = 0; i < kAtOnce; ++i) packs[i] = load(std::min(first + i * Threads, Count - 1));
    REVUNET_UNROLL
    for (int i = 0; i < kAtOnce; ++i) {
      if (first + i * Threads < Count) store(first + i * Threads, packs[i]);
    }
  }
}

// Returns the number of packs that a slice of channels has, which is what one product of a warp takes.
inline constexpr int kPacksOfSlice = kMmaBytes / kPackBytes;

// Returns the number of slices that hold C channels.
template <class T>
__host__ __device__ int slices_of(int64_t C) {
  constexpr int64_t kChannels = kPacksOfSlice * kPack<T>;
  return static_cast<int>((C + kChannels - 1) / kChannels);
}

}  // namespace revunet::cuda

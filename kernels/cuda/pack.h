// Packs: the 16 bytes of neighbouring channels that a thread reads or writes at once.
//
// Rule: activations on a CUDA device have whole packs of channels (MemoryLayout), so a voxel begins where a pack does.
// Arithmetic is float's, whatever the type in memory. Kernels are for f32 and bf16.
#pragma once

#include "engine/cuda/gpu.h"
#include "engine/dtype.h"
#include "engine/tensor.h"

namespace revunet::cuda {

inline constexpr int64_t kPackBytes = 16;

template <class T>
inline constexpr int kPack = static_cast<int>(kPackBytes / sizeof(T));  // channels

template <class T>
struct alignas(kPackBytes) StoredPack {
  T channels[kPack<T>];
};

// The pack at `from`, which is aligned to it, as floats.
template <class T>
struct Pack {
  float channels[kPack<T>];

  __device__ static Pack load(const T* from) {
    const StoredPack<T> stored = *reinterpret_cast<const StoredPack<T>*>(from);
    Pack pack;
    for (int i = 0; i < kPack<T>; ++i) pack.channels[i] = static_cast<float>(stored.channels[i]);
    return pack;
  }
  __device__ void store(T* to) const {
    StoredPack<T> stored;
    for (int i = 0; i < kPack<T>; ++i) stored.channels[i] = static_cast<T>(channels[i]);
    *reinterpret_cast<StoredPack<T>*>(to) = stored;
  }
  __device__ float& operator[](int i) { return channels[i]; }
  __device__ float operator[](int i) const { return channels[i]; }
};

// Calls f.template operator()<float>() or <bfloat16>().
template <class F>
decltype(auto) dispatch_device(DType dtype, F&& f) {
  REVUNET_EXPECTS(dtype != DType::f64, UsageError, "[cuda] expected f32 or bf16 activations, got f64; use the CPU");
  return dtype == DType::f32 ? f.template operator()<float>() : f.template operator()<bfloat16>();
}

// Packs of one voxel.
template <class T>
int64_t packs_per_voxel(const Tensor& x) {
  return x.channel_stride() / kPack<T>;
}

}  // namespace revunet::cuda

// A pack is the 16 bytes of neighbouring channels that a thread reads or writes at once.
//
// Rule: activations on a CUDA device have whole packs of channels (Layout), so each voxel begins a pack. Kernels take
// the memory of packs by packs_of() or voxels_of(), which throw Error where a tensor has no whole packs. Arithmetic is
// in float, whatever the type in memory. Kernels are for f32 and bf16.
#pragma once

#include "engine/cuda/gpu.h"
#include "engine/dtype.h"
#include "engine/tensor.h"
#include "kernels/cuda/whole_packs.h"

namespace revunet::cuda {

template <class T>
inline constexpr int kPack = static_cast<int>(kPackBytes / sizeof(T));  // channels

template <class T>
struct alignas(kPackBytes) StoredPack {
  T channels[kPack<T>];
};

// Holds neighbouring channels of a voxel as floats.
template <int N>
struct Channels {
  float values[N];

  __device__ float& operator[](int i) { return values[i]; }
  __device__ float operator[](int i) const { return values[i]; }
};

// Holds the channels of one pack.
template <class T>
struct Pack : Channels<kPack<T>> {
  // `from` and `to` are aligned to a pack.
  __device__ static Pack load(const T* from) {
    const StoredPack<T> stored = *reinterpret_cast<const StoredPack<T>*>(from);
    Pack pack;
    for (int i = 0; i < kPack<T>; ++i) pack[i] = static_cast<float>(stored.channels[i]);
    return pack;
  }
  __device__ void store(T* to) const {
    StoredPack<T> stored;
    for (int i = 0; i < kPack<T>; ++i) stored.channels[i] = static_cast<T>((*this)[i]);
    *reinterpret_cast<StoredPack<T>*>(to) = stored;
  }
};

// Voxels is a view of an activation's memory, with `stride` elements from voxel to voxel, for threads that take N
// channels at a time. N is the number of channels in the packs of another tensor's type, and T's packs have as many or
// fewer. T may be const.
template <class T>
struct Voxels {
  using Stored = Pack<std::remove_const_t<T>>;
  static constexpr int kStored = kPack<std::remove_const_t<T>>;
  template <int N>
  static constexpr int kLoads = N / kStored;  // packs

  T* data;
  int64_t stride;

  // Returns the index-th N channels of a voxel, the first of which are within the stride. Packs beyond the stride are
  // 0, and are not stored. Loads have no branch, which the compiler would not move other loads across.
  template <int N>
  __device__ Channels<N> load(int64_t voxel, int64_t index) const {
    Channels<N> channels;
    for (int first = 0; first < N; first += kStored) {
      const bool stored = within<N>(index, first);
      const Stored pack = Stored::load(data + voxel * stride + index * N + (stored ? first : 0));
      for (int i = 0; i < kStored; ++i) channels[first + i] = stored ? pack[i] : 0.0f;
    }
    return channels;
  }
  template <int N>
  __device__ void store(int64_t voxel, int64_t index, const Channels<N>& channels) const {
    for (int first = 0; first < N; first += kStored) {
      if (!within<N>(index, first)) continue;
      Stored pack;
      for (int i = 0; i < kStored; ++i) pack[i] = channels[first + i];
      pack.store(data + voxel * stride + index * N + first);
    }
  }

 private:
  template <int N>
  __device__ bool within(int64_t index, int first) const {
    static_assert(N % kStored == 0);
    return first == 0 || index * N + first < stride;
  }
};

// Returns the memory of a tensor whose voxels are whole packs.
template <class T>
const T* packs_of(const Tensor& x) {
  expect_whole_packs(x);
  return x.data<T>();
}
template <class T>
T* packs_of(Tensor& x) {
  expect_whole_packs(x);
  return x.data<T>();
}

// Returns the voxels of batch element n. Those of all elements follow on those of the first.
template <class T>
Voxels<const T> voxels_of(const Tensor& x, int64_t n = 0) {
  return {packs_of<T>(x) + n * activation(x.shape()).voxels() * x.channel_stride(), x.channel_stride()};
}
template <class T>
Voxels<T> voxels_of(Tensor& x, int64_t n = 0) {
  return {packs_of<T>(x) + n * activation(x.shape()).voxels() * x.channel_stride(), x.channel_stride()};
}

// Calls f.template operator()<float>() or <bfloat16>().
template <class F>
decltype(auto) dispatch_f32_bf16(DType dtype, F&& f) {
  REVUNET_EXPECTS(dtype == DType::f32 || dtype == DType::bf16, UsageError,
                  "[cuda] expected f32 or bf16 activations, got {}; use the CPU", name_of(dtype));
  return dtype == DType::f32 ? f.template operator()<float>() : f.template operator()<bfloat16>();
}

// Does the same for f32 or bf16 tensors and their operands in convolutions (dispatch_operands).
template <class F>
decltype(auto) dispatch_device_operands(DType dtype, DType operands, F&& f) {
  if (dtype == operands) return dispatch_f32_bf16(dtype, [&]<class T>() { return f.template operator()<T, T>(); });
  REVUNET_EXPECTS(dtype == DType::f32 && operands == DType::bf16, Error,
                  "[cuda] expected operands of the tensor's type, or bf16 for f32, got {} for {}", name_of(operands),
                  name_of(dtype));
  return f.template operator()<float, bfloat16>();
}

// Returns the number of packs per voxel.
template <class T>
int64_t packs_per_voxel(const Tensor& x) {
  expect_whole_packs(x);
  return x.channel_stride() / kPack<T>;
}

}  // namespace revunet::cuda

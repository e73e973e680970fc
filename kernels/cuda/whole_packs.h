// Kernels of a CUDA device require this of the tensors that they read and write in packs.
//
// Rule: a kernel that takes packs gets their memory by packs_of() or voxels_of() (pack.h), or checks it here itself.
#pragma once

#include "engine/tensor.h"

namespace revunet::cuda {

inline constexpr int64_t kPackBytes = 16;  // a thread's widest load

// Throws Error where a voxel of x does not begin a pack, which means that x is no activation and its channels fill no
// packs.
inline void expect_whole_packs(const Tensor& x) {
  const int64_t pack = kPackBytes / size_of(x.dtype());
  REVUNET_EXPECTS(
      x.channel_stride() % pack == 0, Error,
      "[cuda] expected a tensor of whole packs of {} channels, got {} with {} channels from voxel to voxel; "
      "make it with Layout::activation",
      pack, x.spec().to_string(), x.channel_stride());
}

// Throws Error where the same element lies at different places of x and y, which have one shape and type.
inline void expect_padded_alike(const Tensor& x, const Tensor& y) {
  REVUNET_EXPECTS(x.channel_stride() == y.channel_stride(), Error,
                  "[cuda] expected tensors that are padded alike, got {} and {} with {} and {} channels from voxel to "
                  "voxel; make both with one Layout",
                  x.spec().to_string(), y.spec().to_string(), x.channel_stride(), y.channel_stride());
}

}  // namespace revunet::cuda

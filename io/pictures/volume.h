// A VolumeView shows voxels in either memory order.
#pragma once

#include <span>

#include "io/preprocessing/preprocessing.h"

namespace revunet::io {

// It does not own its voxels.
template <class T>
struct VolumeView {
  Size3 size{};    // voxels along x, y, z
  Size3 stride{};  // elements from a voxel to the next, along each
  const T* first = nullptr;

  T at(const Size3& voxel) const { return first[voxel[0] * stride[0] + voxel[1] * stride[1] + voxel[2] * stride[2]]; }
};

// Views voxels as files hold them, x fastest.
template <class T>
VolumeView<T> in_file_order(std::span<const T> voxels, const Size3& size) {
  return {size, {1, size[0], size[0] * size[1]}, voxels.data()};
}

// Views a channel of a preprocessed volume, (X, Y, Z, channels).
template <class T>
VolumeView<T> channel_of(std::span<const T> values, const Size3& size, int64_t channels = 1, int64_t channel = 0) {
  return {size, {size[1] * size[2] * channels, size[2] * channels, channels}, values.data() + channel};
}

}  // namespace revunet::io

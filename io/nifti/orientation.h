// An Orientation says how an image's axes lie in the patient. Its functions bring voxels into the order of BraTS,
// whatever order a file has.
//
// Non-obvious rule: axes are permuted and reversed, and nothing is resampled. Every voxel keeps its value and its place
// in the world, and restoring gives the file's order back exactly.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/nifti/nifti.h"

namespace revunet::io {

// In BraTS's orientation x goes to the patient's left, y to the back (posterior), z up (superior): LPS.
struct Orientation {
  std::array<size_t, 3> axis = {0, 1, 2};  // x, y and z of BraTS run along these axes of the file
  std::array<bool, 3> backwards{};         // from its end to its start

  bool identity() const { return *this == Orientation{}; }
  bool operator==(const Orientation&) const = default;
};

// Returns the permutation and signs that are nearest to the file's affine, or identity where the file does not say how
// it lies.
Orientation orientation_of(const Grid& file);

// Returns three letters for the direction of each axis of the file, such as "LPS", or "unknown" where the file does not
// say.
std::string orientation_code(const Grid& file);

// Returns the grid of voxels in BraTS's order.
Grid oriented_grid(const Grid& file, const Orientation& orientation);

// Calls f(voxel in the file, voxel in BraTS's order), both x fastest, in the order of the second.
template <typename F>
void for_each_oriented(const std::array<int64_t, 3>& file_size, const Orientation& orientation, F f) {
  const std::array<int64_t, 3> file_stride = {1, file_size[0], file_size[0] * file_size[1]};
  std::array<int64_t, 3> size{}, stride{};
  int64_t first = 0, to = 0;
  for (size_t i = 0; i < 3; ++i) {
    const size_t axis = orientation.axis[i];
    size[i] = file_size[axis];
    stride[i] = orientation.backwards[i] ? -file_stride[axis] : file_stride[axis];
    if (orientation.backwards[i]) first += (size[i] - 1) * file_stride[axis];
  }
  for (int64_t z = 0; z < size[2]; ++z) {
    for (int64_t y = 0; y < size[1]; ++y) {
      const int64_t row = first + z * stride[2] + y * stride[1];
      for (int64_t x = 0; x < size[0]; ++x) f(static_cast<size_t>(row + x * stride[0]), static_cast<size_t>(to++));
    }
  }
}

// Brings voxels from the file's order into BraTS's. There are as many as file_size has.
template <typename T>
std::vector<T> to_brats_order(std::span<const T> voxels, const std::array<int64_t, 3>& file_size,
                              const Orientation& orientation) {
  std::vector<T> result(voxels.size());
  for_each_oriented(file_size, orientation, [&](size_t from, size_t to) { result[to] = voxels[from]; });
  return result;
}

// Does the reverse, for one or more frames one after the other.
template <typename T>
std::vector<T> to_file_order(std::span<const T> voxels, const std::array<int64_t, 3>& file_size,
                             const Orientation& orientation) {
  std::vector<T> result(voxels.size());
  const auto frame = static_cast<size_t>(file_size[0] * file_size[1] * file_size[2]);
  for (size_t start = 0; start < voxels.size(); start += frame) {
    for_each_oriented(file_size, orientation,
                      [&](size_t in_file, size_t here) { result[start + in_file] = voxels[start + here]; });
  }
  return result;
}

}  // namespace revunet::io

// A VolumeSize says how many voxels a field of view, a patch or a sample has along x, y and z.
//
// Non-obvious rule: sizes come from command lines, configurations and files, and become allocations and bounds of
// loops. This type holds no size for which those could overflow. Its conversions from plain numbers check that.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace revunet::io {

using Size3 = std::array<int64_t, 3>;  // voxels along x, y, z

constexpr int64_t voxels_in(const Size3& size) {
  return size[0] * size[1] * size[2];
}

// These return the smaller, and the larger, of two sizes along each axis.
Size3 smaller_of(const Size3& a, const Size3& b);
Size3 larger_of(const Size3& a, const Size3& b);

// Rounds up along each axis to a whole number of `multiple`.
Size3 rounded_up(Size3 size, const Size3& multiple);

class VolumeSize {
 public:
  static constexpr int64_t longest_axis = 4096;
  // With 1024 x 1024 x 1024 voxels, one activation of 60 channels would take 240 GiB.
  static constexpr int64_t most_voxels = int64_t{1} << 30;

  VolumeSize() = default;
  // Throws UsageError where there is no such size.
  VolumeSize(int64_t x, int64_t y, int64_t z) : VolumeSize(Size3{x, y, z}) {}
  VolumeSize(const Size3& axes);  // NOLINT(google-explicit-constructor): a checked size is a size
  // holds() returns whether there is such a size. The other describes valid sizes for messages: "1 to 4096 voxels along
  // x,y,z and ...".
  static bool holds(const Size3& axes);
  static std::string bounds();

  operator const Size3&() const { return axes_; }  // NOLINT(google-explicit-constructor)
  const Size3& axes() const { return axes_; }
  int64_t operator[](size_t axis) const { return axes_[axis]; }
  auto begin() const { return axes_.begin(); }
  auto end() const { return axes_.end(); }
  int64_t voxels() const { return axes_[0] * axes_[1] * axes_[2]; }
  bool operator==(const VolumeSize&) const = default;

 private:
  Size3 axes_ = {1, 1, 1};
};

// Reads "160,192,160" as x, y, z. Throws UsageError with `what` for anything else.
VolumeSize parse_size(const std::string& text, const std::string& what);

}  // namespace revunet::io

// What images hold outside of the brain, where that is not 0: some are standardised or scaled as a whole before they
// are published.
//
// Non-obvious rule: the background is subtracted as an image is read, so that it is exactly 0 and everything after
// reading finds the brain as it does in other images.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace revunet::io {

struct Background {
  enum class Kind {
    zero,    // nothing to subtract
    value,   // one value, of all images
    corner,  // the value that all eight corners of an image have: another for each image
  };
  Kind kind = Kind::zero;
  float value = 0;  // of Kind::value

  std::string name() const;  // as parse_background takes it; "0" of zero
};

// "corner" or a number; UsageError for anything else.
Background parse_background(const std::string& text);

// The value that all eight corners of a volume have; none where they differ.
std::optional<float> value_of_corners(std::span<const float> voxels, const std::array<int64_t, 3>& size);

// Subtracts the background from the voxels of one volume, `where` its path and modality. DataError for corners that
// differ, and for a value that no voxel has.
void subtract_background(std::span<float> voxels, const std::array<int64_t, 3>& size, const Background& background,
                         const std::string& where);

}  // namespace revunet::io

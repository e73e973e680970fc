// Some images hold a value other than 0 outside of the brain, because they were standardised or scaled as a whole
// before they were published.
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
    value,   // one value for all images
    corner,  // the value that all eight corners of an image have; each image has its own
  };
  Kind kind = Kind::zero;
  float value = 0;  // for Kind::value

  std::string name() const;  // as parse_background takes it; "0" for zero
};

// Takes "corner" or a number. Throws UsageError for anything else.
Background parse_background(const std::string& text);

// Returns the value that all eight corners of a volume have, or none where they differ.
std::optional<float> value_of_corners(std::span<const float> voxels, const std::array<int64_t, 3>& size);

// Subtracts the background from the voxels of one volume. `where` is its path and modality. Throws DataError for
// corners that differ, and for a value that no voxel has.
void subtract_background(std::span<float> voxels, const std::array<int64_t, 3>& size, const Background& background,
                         const std::string& where);

}  // namespace revunet::io

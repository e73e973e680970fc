// This file reads labels that are whole numbers, as nearly all segmentations have them, into a byte each.
#pragma once

#include <filesystem>
#include <optional>

#include "io/nifti/nifti.h"

namespace revunet::io {

// Returns whether a voxel can be a label as it is.
inline bool is_whole_label(float value) {
  return value >= 0 && value <= 255 && value == static_cast<float>(static_cast<int>(value));
}

// Returns the labels of an image of one frame, or nothing where any voxel is no whole number in 0..255. Throws
// DataError as read_nifti does.
std::optional<LabelImage> read_whole_labels(const std::filesystem::path& path);

}  // namespace revunet::io

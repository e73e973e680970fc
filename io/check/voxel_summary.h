// A VoxelSummary is what the check needs to know about an image's voxels.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "io/preprocessing/preprocessing.h"

namespace revunet::io {

struct VoxelSummary {
  int64_t non_finite = 0;
  float first = 0;      // first value that is neither zero nor non-finite; 0: there is none
  bool varies = false;  // whether there are values other than `first`
  NonzeroBox box;       // of the voxels that are not zero, in the image's order; low above high where there are none
  double zero_share = 0;
  // This is the most frequent value of a sample of the voxels, with its share of all voxels. In images without a
  // background it means nothing special.
  float frequent = 0;
  double frequent_share = 0;
  std::optional<float> corner;  // the value of all eight corners, where they agree
};

VoxelSummary summary_of(std::span<const float> voxels, const Size3& size);

}  // namespace revunet::io

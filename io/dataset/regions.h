// These are the regions of BraTS's task (io/task/brats_task.h) for code that has one place for each when it is
// compiled: scores, and what shows them.
#pragma once

#include <array>
#include <cstdint>

namespace revunet::io {

constexpr int64_t region_count = 3;
constexpr std::array<const char*, region_count> region_names = {"WT", "TC", "ET"};

// Returns whether a voxel of this label lies in each region.
constexpr std::array<bool, region_count> regions_of(uint8_t label) {
  return {label != 0, label == 1 || label == 4, label == 4};
}

}  // namespace revunet::io

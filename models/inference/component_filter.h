// This filter removes small pieces of predicted regions: connected components that are too small, or not among the
// largest.
//
// Non-obvious rule: nested regions stay nested. A voxel of a piece that is removed gets the label that the last of its
// other regions writes, if that lies outside of the region that it leaves. So in BraTS a piece of whole tumour takes
// with it what it holds, a piece of tumour core becomes oedema, and one of enhancing tumour becomes not enhancing core.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "io/preprocessing/mask_box.h"
#include "io/task/task.h"

namespace revunet {

struct ComponentFilter {
  std::optional<int64_t> keep =
      std::nullopt;       // how many of the largest to keep per region; the first in the file wins ties
  double min_volume = 0;  // mm^3; smaller components are removed
  bool removes() const { return keep || min_volume > 0; }
};

// labels holds the task's, x fastest, voxels_in(size) of them, each of voxel_volume mm^3. Regions are filtered in their
// order, each within what is left of the labels. Components are 26-connected.
void filter_components(std::vector<uint8_t>& labels, const io::Task& task, const io::Index3& size, double voxel_volume,
                       const ComponentFilter& filter);

}  // namespace revunet

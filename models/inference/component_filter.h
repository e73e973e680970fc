// Removes small pieces of predicted regions: connected components that are too small, or not among the largest.
//
// Non-obvious rule: regions stay nested. A piece of whole tumour takes with it what it holds; a piece of tumour core
// becomes oedema, and one of enhancing tumour not enhancing core.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "io/preprocessing/mask_box.h"

namespace revunet {

struct ComponentFilter {
  std::optional<int64_t> keep =
      std::nullopt;       // the largest of each region; of equal ones the first in the file's order
  double min_volume = 0;  // mm^3: smaller ones are removed
  bool removes() const { return keep || min_volume > 0; }
};

// labels: 0, 1, 2 and 4, x fastest, voxels_in(size) of them, each of voxel_volume mm^3. WT first, then TC within what
// is left of it, then ET; components are 26-connected.
void filter_components(std::vector<uint8_t>& labels, const io::Index3& size, double voxel_volume,
                       const ComponentFilter& filter);

}  // namespace revunet

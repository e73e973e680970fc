// This filter removes small pieces of predicted regions: connected components that are too small, or not among the
// largest.
//
// Non-obvious rule: regions stay nested. A piece of whole tumour takes with it what it holds. A piece of tumour core
// becomes oedema, and one of enhancing tumour becomes not enhancing core.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "io/preprocessing/mask_box.h"

namespace revunet {

struct ComponentFilter {
  std::optional<int64_t> keep =
      std::nullopt;       // how many of the largest to keep per region; the first in the file wins ties
  double min_volume = 0;  // mm^3; smaller components are removed
  bool removes() const { return keep || min_volume > 0; }
};

// labels holds 0, 1, 2 and 4, x fastest, voxels_in(size) of them, each of voxel_volume mm^3. WT is filtered first, then
// TC within what is left of it, then ET. Components are 26-connected.
void filter_components(std::vector<uint8_t>& labels, const io::Index3& size, double voxel_volume,
                       const ComponentFilter& filter);

}  // namespace revunet

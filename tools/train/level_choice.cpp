#include "tools/train/level_choice.h"

#include <algorithm>
#include <limits>

namespace revunet::tools {

std::vector<HalvedAxes> choose_steps(const io::Size3& median, const io::Spacing3& spacing, size_t most_levels) {
  constexpr double kThick = 2;  // times the shortest length: an axis with voxels this long is not halved yet
  io::Size3 extent = median;
  io::Spacing3 length = spacing;
  std::vector<HalvedAxes> steps;
  while (steps.size() + 1 < most_levels) {
    HalvedAxes halved{};
    double shortest = std::numeric_limits<double>::infinity();
    for (size_t axis = 0; axis < 3; ++axis) {
      halved[axis] = extent[axis] / 2 >= kLeastExtent;
      if (halved[axis]) shortest = std::min(shortest, length[axis]);
    }
    if (halved == HalvedAxes{}) break;
    for (size_t axis = 0; axis < 3; ++axis) {
      halved[axis] = halved[axis] && length[axis] < kThick * shortest;
      if (!halved[axis]) continue;
      extent[axis] /= 2;
      length[axis] *= 2;
    }
    steps.push_back(halved);
  }
  return steps;
}

}  // namespace revunet::tools

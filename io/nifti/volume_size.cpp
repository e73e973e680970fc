#include "io/nifti/volume_size.h"

#include <algorithm>

#include "engine/error.h"
#include "io/text/parse_list.h"

namespace revunet::io {

Size3 smaller_of(const Size3& a, const Size3& b) {
  return {std::min(a[0], b[0]), std::min(a[1], b[1]), std::min(a[2], b[2])};
}

Size3 larger_of(const Size3& a, const Size3& b) {
  return {std::max(a[0], b[0]), std::max(a[1], b[1]), std::max(a[2], b[2])};
}

Size3 rounded_up(Size3 size, const Size3& multiple) {
  for (size_t axis = 0; axis < 3; ++axis) {
    size[axis] = (size[axis] + multiple[axis] - 1) / multiple[axis] * multiple[axis];
  }
  return size;
}

VolumeSize::VolumeSize(const Size3& axes) : axes_(axes) {
  REVUNET_EXPECTS(holds(axes), UsageError, "[size] expected {}, got {}", bounds(), fmt::join(axes, ","));
}

bool VolumeSize::holds(const Size3& axes) {
  const auto possible = [](int64_t extent) { return extent >= 1 && extent <= longest_axis; };
  return std::ranges::all_of(axes, possible) && axes[0] * axes[1] * axes[2] <= most_voxels;  // at most 2^36
}

std::string VolumeSize::bounds() {
  return fmt::format("a size X,Y,Z of 1 to {} voxels along each axis and at most {} in all, such as 1024,1024,1024",
                     longest_axis, most_voxels);
}

VolumeSize parse_size(const std::string& text, const std::string& what) {
  const std::vector<int64_t> values = parse_list(text, what);
  REVUNET_EXPECTS(values.size() == 3, UsageError,
                  "[{}] expected three positive sizes X,Y,Z, for example 160,192,160, got '{}'", what, text);
  const Size3 size = {values[0], values[1], values[2]};
  REVUNET_EXPECTS(VolumeSize::holds(size), UsageError, "[{}] expected {}, got '{}'", what, VolumeSize::bounds(), text);
  return size;
}

}  // namespace revunet::io

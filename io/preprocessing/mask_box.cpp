#include "io/preprocessing/mask_box.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"

namespace revunet::io {

void expect_one_grid(std::span<const uint8_t> a, std::span<const uint8_t> b, const Index3& size,
                     const Spacing3& spacing) {
  const bool counts_fit = std::all_of(size.begin(), size.end(), [](int64_t extent) { return extent > 0; }) &&
                          std::ssize(a) == voxels_in(size) && a.size() == b.size();
  REVUNET_EXPECTS(counts_fit, Error,
                  "[masks] expected two masks of {} x {} x {} voxels, got {} and {} voxels; pass masks of one grid",
                  size[0], size[1], size[2], a.size(), b.size());
  const bool usable =
      std::all_of(spacing.begin(), spacing.end(), [](double mm) { return mm > 0 && std::isfinite(mm); });
  REVUNET_EXPECTS(usable, Error, "[masks] expected a positive spacing in mm, got {} x {} x {}; repair the header",
                  spacing[0], spacing[1], spacing[2]);
}

MaskBox bounding_box(std::span<const uint8_t> a, std::span<const uint8_t> b, const Index3& size) {
  Index3 low = size, high = {-1, -1, -1};
  for (int64_t z = 0, i = 0; z < size[2]; ++z) {
    for (int64_t y = 0; y < size[1]; ++y) {
      for (int64_t x = 0; x < size[0]; ++x, ++i) {
        if (a[i] == 0 && b[i] == 0) continue;
        low = {std::min(low[0], x), std::min(low[1], y), std::min(low[2], z)};
        high = {std::max(high[0], x), std::max(high[1], y), std::max(high[2], z)};
      }
    }
  }
  if (high[0] < 0) return {};
  return {low, {high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1}};
}

std::vector<uint8_t> crop(std::span<const uint8_t> mask, const MaskBox& box, const Index3& size) {
  std::vector<uint8_t> result;
  result.reserve(static_cast<size_t>(voxels_in(box.size)));
  for (int64_t z = 0; z < box.size[2]; ++z) {
    for (int64_t y = 0; y < box.size[1]; ++y) {
      const auto row = mask.begin() + box.low[0] + size[0] * (box.low[1] + y + size[1] * (box.low[2] + z));
      result.insert(result.end(), row, row + box.size[0]);
    }
  }
  return result;
}

}  // namespace revunet::io

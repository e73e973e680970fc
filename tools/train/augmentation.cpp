#include "tools/train/augmentation.h"

#include <cmath>
#include <numbers>

#include "io/dataset.h"
#include "tools/train/streams.h"

namespace revunet::tools {

void check_augmentation(const AugmentationRanges& r) {
  REVUNET_EXPECTS(r.rotation >= 0 && r.rotation <= 180, UsageError,
                  "[--rotation] expected degrees from 0 to 180, got {}", r.rotation);
  REVUNET_EXPECTS(r.scale_low > 0.1 && r.scale_low <= r.scale_high && r.scale_high < 10, UsageError,
                  "[--scaling] expected the least and the greatest factor, from 0.1 to 10, got {},{}", r.scale_low,
                  r.scale_high);
  REVUNET_EXPECTS(r.deformation >= 0 && r.deformation <= 1000, UsageError,
                  "[--deformation] expected voxels from 0 to 1000, got {}", r.deformation);
  REVUNET_EXPECTS(r.flip >= 0 && r.flip <= 1, UsageError, "[--flip] expected a probability from 0 to 1, got {}",
                  r.flip);
  REVUNET_EXPECTS(r.intensity_shift >= 0 && r.intensity_shift <= 100, UsageError,
                  "[--intensity-shift] expected 0 to 100 standard deviations, got {}", r.intensity_shift);
}

Rng augmentation_rng(uint64_t seed, int64_t epoch, size_t index) {
  return Rng(splitmix64(seed ^ kAugmentationKey) + static_cast<uint64_t>(epoch), static_cast<uint64_t>(index));
}

PlaneWarp draw_warp(const AugmentationRanges& ranges, Rng& rng) {
  PlaneWarp warp;
  for (bool& flipped : warp.flip) flipped = rng.uniform() < ranges.flip;
  // From the output to the source: an image that grows is sampled more densely.
  const double angle = rng.uniform(-ranges.rotation, ranges.rotation) * std::numbers::pi / 180;
  const double factor = 1 / rng.uniform(ranges.scale_low, ranges.scale_high);
  warp.matrix = {factor * std::cos(angle), -factor * std::sin(angle), factor * std::sin(angle),
                 factor * std::cos(angle)};
  for (auto& axis : warp.deformation) {
    for (double& displacement : axis) displacement = ranges.deformation * rng.normal();
    axis = spline_coefficients(axis);
  }
  for (size_t c = 0; c < static_cast<size_t>(io::modality_count); ++c) {
    warp.shift[c] = static_cast<float>(rng.uniform(-ranges.intensity_shift, ranges.intensity_shift));
  }
  return warp;
}

}  // namespace revunet::tools

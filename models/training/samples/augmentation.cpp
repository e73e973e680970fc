#include "models/training/samples/augmentation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "models/training/samples/random_sequences.h"

namespace revunet {

void check_augmentation(const AugmentationRanges& r) {
  REVUNET_EXPECTS(r.rotation >= 0 && r.rotation <= 180, UsageError,
                  "[`rotation`] expected degrees from 0 to 180, got {}", r.rotation);
  REVUNET_EXPECTS(r.scale_low > 0.1 && r.scale_low <= r.scale_high && r.scale_high < 10, UsageError,
                  "[`scaling`] expected the least and the greatest factor, from 0.1 to 10, got {},{}", r.scale_low,
                  r.scale_high);
  REVUNET_EXPECTS(r.deformation >= 0 && r.deformation <= 1000, UsageError,
                  "[`deformation`] expected voxels from 0 to 1000, got {}", r.deformation);
  REVUNET_EXPECTS(r.flip >= 0 && r.flip <= 1, UsageError, "[`flip`] expected a probability from 0 to 1, got {}",
                  r.flip);
  REVUNET_EXPECTS(r.intensity_shift >= 0 && r.intensity_shift <= 100, UsageError,
                  "[`intensity-shift`] expected 0 to 100 standard deviations, got {}", r.intensity_shift);
}

Rng augmentation_rng(uint64_t seed, int64_t epoch, size_t index) {
  return Rng(splitmix64(seed ^ kAugmentationKey) + static_cast<uint64_t>(epoch), static_cast<uint64_t>(index));
}

io::Size3 size_around(const io::Size3& patch, const AugmentationRanges& ranges) {
  constexpr double kDeviations = 2;  // of the deformation, to each side
  const auto [u, v] = plane_axes(ranges.plane_normal);
  const double most = ranges.rotation * std::numbers::pi / 180;
  // A rectangle of p x q that is turned by an angle t is p cos t + q sin t long, which grows up to t = atan(q / p).
  const auto turned = [&](size_t along, size_t across) {
    const auto p = static_cast<double>(patch[along]), q = static_cast<double>(patch[across]);
    const double angle = std::min(most, std::atan2(q, p));
    const double length = (p * std::cos(angle) + q * std::sin(angle)) / ranges.scale_low;
    return static_cast<int64_t>(std::ceil(length + 2 * kDeviations * ranges.deformation));
  };
  io::Size3 size = patch;
  size[u] = std::max(patch[u], turned(u, v));
  size[v] = std::max(patch[v], turned(v, u));
  return size;
}

static_assert(io::kMostModalities <= kMostChannels && io::kMostModalities <= kChangedChannels);

PlaneWarp draw_warp(const AugmentationRanges& ranges, size_t modalities, Rng& rng) {
  PlaneWarp warp;
  warp.normal = ranges.plane_normal;
  for (size_t axis = 0; axis < 3; ++axis) {
    const bool flipped = rng.uniform() < ranges.flip;
    warp.flip[axis] = flipped && ranges.flip_axes[axis];
  }
  // The matrix maps the output to the source, so an image that grows is sampled more densely.
  const double angle = rng.uniform(-ranges.rotation, ranges.rotation) * std::numbers::pi / 180;
  const double factor = 1 / rng.uniform(ranges.scale_low, ranges.scale_high);
  warp.matrix = {factor * std::cos(angle), -factor * std::sin(angle), factor * std::sin(angle),
                 factor * std::cos(angle)};
  for (auto& axis : warp.deformation) {
    for (double& displacement : axis) displacement = ranges.deformation * rng.normal();
    axis = spline_coefficients(axis);
  }
  for (size_t c = 0; c < modalities; ++c) {
    warp.shift.at(c) = static_cast<float>(rng.uniform(-ranges.intensity_shift, ranges.intensity_shift));
  }
  return warp;
}

IntensityChanges draw_intensities(std::span<const io::ModalityStatistics> statistics, Rng& rng) {
  IntensityChanges changes;
  changes.key = rng.next();
  const auto happens = [&](double probability) { return rng.uniform() < probability; };
  const auto between = [&](double low, double high) { return static_cast<float>(rng.uniform(low, high)); };
  const bool noise = happens(0.1), blur = happens(0.2), brightness = happens(0.15), contrast = happens(0.15),
             resolution = happens(0.25), inverted = happens(0.1), gamma = inverted || happens(0.3);
  for (size_t i = 0; i < statistics.size(); ++i) {
    const io::ModalityStatistics& s = statistics[i];
    IntensityChange& c = changes.channels[i];
    if (noise) c.noise = between(0, 0.1);
    if (blur && happens(0.5)) c.blur = between(0.5, 1);
    if (brightness) c.brightness = between(0.75, 1.25);
    if (contrast) c.contrast = between(0.75, 1.25);
    if (resolution && happens(0.5)) c.resolution = between(0.5, 1);
    if (gamma) c.gamma = happens(0.5) ? between(0.7, 1) : between(1, 1.5);
    c.inverted = inverted;
    c.least = c.brightness * static_cast<float>((static_cast<double>(s.least) - s.mean) / s.deviation);
    c.greatest = c.brightness * static_cast<float>((static_cast<double>(s.greatest) - s.mean) / s.deviation);
  }
  return changes;
}

}  // namespace revunet

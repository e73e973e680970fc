// This op changes an image's intensities for augmentation, one channel at a time, in this order:
//
//   noise       v + sigma n, n normal by (key, voxel, channel)
//   blur        a Gaussian of `blur` voxels in x, y and z, cut off at three voxels; 0 beyond the border
//   brightness  v * factor
//   contrast    factor * v, clamped to [least, greatest]: about the mean of standardised images, which is 0
//   resolution  v of the nearest voxel of a grid that is coarser by the factor, and back by trilinear interpolation
//   gamma       least + (greatest - least) t^gamma, t = (v - least) / (greatest - least) clamped to [0, 1]; inverted:
//               1 - (1 - t)^gamma in place of t^gamma
//
// Noise, brightness, contrast and gamma do not change voxels that are 0 (the background).
// Source: the transforms of nnU-Net (Isensee et al., 2021, supplement), without restoring their means.
#pragma once

#include <cstdint>

#include "engine/on_device.h"
#include "engine/tensor.h"

namespace revunet {

inline constexpr int kChangedChannels = 16;  // the most channels that it takes
inline constexpr int kBlurRadius = 3;        // voxels; sigma is at most 1

// An IntensityChange says what happens to one channel. The defaults change nothing.
struct IntensityChange {
  float noise = 0;
  float blur = 0;  // at most 1
  float brightness = 1;
  float contrast = 1;
  float resolution = 1;  // in (0, 1]
  float gamma = 1;
  bool inverted = false;
  float least = 0, greatest = 1;  // the channel's range after the change of brightness
};

struct IntensityChanges {
  uint64_t key = 0;
  IntensityChange channels[kChangedChannels];  // not a std::array, whose members are for the host only
};

// image is (1, X, Y, Z, C), C <= kChangedChannels, tag input. A second image like it is always allocated, whatever the
// changes, so that the memory of a step does not depend on what is drawn. It may take the first one's place. Throws
// Error for other shapes.
void change_intensities(const Context& ctx, const IntensityChanges& changes, Tensor& image);

// The op is made of these steps. A point step is noise, or brightness with contrast, or gamma.
enum class PointStep { noise, brightness_contrast, gamma };
void change_points(const Context& ctx, const IntensityChanges& changes, PointStep step, Tensor& image);

struct BlurWeights {
  float of[kChangedChannels][kBlurRadius + 1];  // for the middle and each distance from it; they sum to 1
};
BlurWeights blur_weights(const IntensityChanges& changes);
// Sets to = from, blurred along axis 0, 1 or 2.
void blur_axis(const Context& ctx, const Tensor& from, int axis, const BlurWeights& weights, Tensor& to);
// Sets to = from, at lower resolutions.
void lower_resolution(const Context& ctx, const Tensor& from, const IntensityChanges& changes, Tensor& to);

REVUNET_KERNEL(change_points)
REVUNET_KERNEL(blur_axis)
REVUNET_KERNEL(lower_resolution)

}  // namespace revunet

#include "kernels/change_intensities/change_intensities.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace revunet {

BlurWeights blur_weights(const IntensityChanges& changes) {
  BlurWeights weights{};
  for (size_t c = 0; c < kChangedChannels; ++c) {
    const double sigma = static_cast<double>(changes.channels[c].blur);
    std::array<double, kBlurRadius + 1> g{1};
    double sum = 1;
    for (size_t i = 1; i <= kBlurRadius && sigma > 0; ++i) {
      const double distance = static_cast<double>(i) / sigma;
      g[i] = distance <= 3 ? std::exp(-0.5 * distance * distance) : 0;
      sum += 2 * g[i];
    }
    for (size_t i = 0; i <= kBlurRadius; ++i) weights.of[c][i] = static_cast<float>(g[i] / sum);
  }
  return weights;
}

void change_intensities(const Context& ctx, const IntensityChanges& changes, Tensor& image) {
  const Activation in = activation(image.shape());
  REVUNET_EXPECTS(in.N == 1 && in.C <= kChangedChannels, Error,
                  "[change_intensities] expected one image of at most {} channels, got {}", kChangedChannels,
                  image.shape().to_string());
  const std::span channels(changes.channels, static_cast<size_t>(in.C));
  const auto any = [&](auto changed) { return std::ranges::any_of(channels, changed); };
  REVUNET_EXPECTS(!any([](const IntensityChange& c) { return c.blur > 1 || c.resolution <= 0 || c.resolution > 1; }),
                  Error, "[change_intensities] expected a blur of at most 1 voxel and resolutions in (0, 1]");

  Tensor scratch(ctx.with_tag(Tag::input), image.spec());  // may take the image's place
  if (any([](const IntensityChange& c) { return c.noise > 0; })) change_points(ctx, changes, PointStep::noise, image);
  if (any([](const IntensityChange& c) { return c.blur > 0; })) {
    const BlurWeights weights = blur_weights(changes);
    blur_axis(ctx, image, 0, weights, scratch);
    blur_axis(ctx, scratch, 1, weights, image);
    blur_axis(ctx, image, 2, weights, scratch);
    std::swap(image, scratch);
  }
  if (any([](const IntensityChange& c) { return c.brightness != 1 || c.contrast != 1; })) {
    change_points(ctx, changes, PointStep::brightness_contrast, image);
  }
  if (any([](const IntensityChange& c) { return c.resolution < 1; })) {
    lower_resolution(ctx, image, changes, scratch);
    std::swap(image, scratch);
  }
  if (any([](const IntensityChange& c) { return c.gamma != 1; })) change_points(ctx, changes, PointStep::gamma, image);
}

void change_points(const Context& ctx, const IntensityChanges& changes, PointStep step, Tensor& image) {
  return REVUNET_ON_DEVICE(change_points, ctx, changes, step, image);
}
void blur_axis(const Context& ctx, const Tensor& from, int axis, const BlurWeights& weights, Tensor& to) {
  return REVUNET_ON_DEVICE(blur_axis, ctx, from, axis, weights, to);
}
void lower_resolution(const Context& ctx, const Tensor& from, const IntensityChanges& changes, Tensor& to) {
  return REVUNET_ON_DEVICE(lower_resolution, ctx, from, changes, to);
}

}  // namespace revunet

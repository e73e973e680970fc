#include "models/sample_stage.h"

namespace revunet {

namespace {

TensorSpec volume(const std::array<int64_t, 3>& size, int64_t channels, DType type) {
  return {{1, size[0], size[1], size[2], channels}, type, Layout::activation};
}

}  // namespace

Tensor volume_on_device(const Context& ctx, std::span<const float> values, const std::array<int64_t, 3>& size,
                        int64_t channels, DType type) {
  const LayerScope scope(ctx, "input");
  const Context input = ctx.with_tag(Tag::input);
  if (!ctx.device.computes()) return {input, volume(size, channels, type)};
  return from_host(input, volume(size, channels, type), values);
}

DeviceSample to_device(const Context& ctx, const HostSample& sample, const UNetConfig& network, DType type) {
  const LayerScope scope(ctx, "input");
  const int64_t C = network.in_channels, R = network.out_channels;
  const DType read = sample.window ? DType::f32 : type;
  DeviceSample whole{volume_on_device(ctx, sample.image, sample.size, C, read),
                     volume_on_device(ctx, sample.target, sample.size, R, read)};
  if (!sample.window) return whole;
  const SampleWindow& window = *sample.window;
  const Context input = ctx.with_tag(Tag::input);
  DeviceSample seen{Tensor(input, volume(window.size, C, type)), Tensor(input, volume(window.size, R, type))};
  warp_planes(ctx, whole.image, whole.target, window.warp, window.low, seen.image, seen.target);
  whole = {};  // its memory is free for what follows
  if (window.intensities) change_intensities(ctx, *window.intensities, seen.image);
  return seen;
}

}  // namespace revunet

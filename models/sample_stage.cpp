#include "models/sample_stage.h"

#include "kernels/expand_regions/expand_regions.h"

namespace revunet {

namespace {

TensorSpec volume(const std::array<int64_t, 3>& size, int64_t channels, DType type) {
  return {{1, size[0], size[1], size[2], channels}, type, Layout::activation};
}

TensorSpec label_volume(const std::array<int64_t, 3>& size) {
  return {{1, size[0], size[1], size[2], 1}, DType::u8, Layout::dense};
}

// The meta device reads no values.
template <class T>
Tensor on_device(const Context& ctx, const TensorSpec& spec, std::span<const T> values) {
  return ctx.device.computes() ? from_host(ctx, spec, values) : Tensor(ctx, spec);
}

// Takes the labels, so that their memory is free for what follows.
Tensor target_of(const Context& ctx, Tensor labels, int64_t channels, DType type) {
  const Activation a = activation(labels.shape());
  Tensor target(ctx, volume({a.D, a.H, a.W}, channels, type));
  expand_regions(ctx, labels, target);
  return target;
}

}  // namespace

Tensor volume_on_device(const Context& ctx, std::span<const float> values, const std::array<int64_t, 3>& size,
                        int64_t channels, DType type) {
  const LayerScope scope(ctx, "input");
  return on_device(ctx.with_tag(Tag::input), volume(size, channels, type), values);
}

DeviceSample to_device(const Context& ctx, const HostSample& sample, const UNetConfig& network, DType type) {
  const LayerScope scope(ctx, "input");
  const Context input = ctx.with_tag(Tag::input);
  const int64_t C = network.in_channels, R = network.out_channels;
  if (!sample.window) {
    Tensor image = volume_on_device(ctx, sample.image, sample.size, C, type);
    Tensor target = target_of(input, on_device(input, label_volume(sample.size), sample.labels), R, type);
    return {std::move(image), std::move(target)};
  }
  const SampleWindow& window = *sample.window;
  Tensor whole = volume_on_device(ctx, sample.image, sample.size, C, DType::f32);
  Tensor whole_labels = on_device(input, label_volume(sample.size), sample.labels);
  Tensor image(input, volume(window.size, C, type)), labels(input, label_volume(window.size));
  warp_planes(ctx, whole, whole_labels, window.warp, window.low, image, labels);
  whole = {}, whole_labels = {};  // their memory is free for what follows
  if (window.intensities) change_intensities(ctx, *window.intensities, image);
  Tensor target = target_of(input, std::move(labels), R, type);
  return {std::move(image), std::move(target)};
}

}  // namespace revunet

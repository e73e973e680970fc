#include "models/sample_stage.h"

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

}  // namespace

Tensor volume_on_device(const Context& ctx, std::span<const float> values, const std::array<int64_t, 3>& size,
                        int64_t channels, DType type) {
  const LayerScope scope(ctx, "input");
  return on_device(ctx.with_tag(Tag::input), volume(size, channels, type), values);
}

RawSpecs raw_specs(const HostSample& sample, const UNetConfig& network, DType type) {
  return {volume(sample.size, network.in_channels, sample.window ? DType::f32 : type), label_volume(sample.size)};
}

DeviceSample prepare(const Context& ctx, RawSample raw, const std::optional<SampleWindow>& window,
                     const UNetConfig& network, DType type) {
  const LayerScope scope(ctx, "input");
  const Context input = ctx.with_tag(Tag::input);
  if (window) {
    Tensor image(input, volume(window->size, network.in_channels, type)), labels(input, label_volume(window->size));
    warp_planes(ctx, raw.image, raw.labels, window->warp, window->low, image, labels);
    raw = {std::move(image), std::move(labels)};  // the memory of the whole is free for what follows
    if (window->intensities) change_intensities(ctx, *window->intensities, raw.image);
  }
  return {std::move(raw.image), std::move(raw.labels)};
}

DeviceSample to_device(const Context& ctx, const HostSample& sample, const UNetConfig& network, DType type) {
  const LayerScope scope(ctx, "input");
  const Context input = ctx.with_tag(Tag::input);
  const RawSpecs specs = raw_specs(sample, network, type);
  RawSample raw{on_device(input, specs.image, sample.image), {}};
  raw.labels = on_device(input, specs.labels, sample.labels);
  return prepare(ctx, std::move(raw), sample.window, network, type);
}

}  // namespace revunet

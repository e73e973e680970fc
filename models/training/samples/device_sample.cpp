#include "models/training/samples/device_sample.h"

#include "io/dataset/regions.h"
#include "kernels/change_intensities/change_intensities.h"
#include "kernels/warp_planes/warp_planes.h"

namespace revunet {

namespace {

TensorSpec volume(const io::Size3& size, int64_t channels, DType type) {
  return {{1, size[0], size[1], size[2], channels}, type, Layout::activation};
}

}  // namespace

DeviceSample to_device(const Context& ctx, const Sample& sample, DType type) {
  const LayerScope scope(ctx, "input");
  const Context input = ctx.with_tag(Tag::input);
  const DType read = sample.window ? DType::f32 : type;
  DeviceSample whole{
      from_host(input, volume(sample.size, io::modality_count, read), std::span<const float>(sample.image)),
      from_host(input, volume(sample.size, io::region_count, read), std::span<const float>(sample.target))};
  if (!sample.window) return whole;
  const Sample::Window& window = *sample.window;
  DeviceSample seen{Tensor(input, volume(window.size, io::modality_count, type)),
                    Tensor(input, volume(window.size, io::region_count, type))};
  warp_planes(ctx, whole.image, whole.target, window.warp, window.low, seen.image, seen.target);
  whole = {};  // its memory is free for what follows
  if (window.intensities) change_intensities(ctx, *window.intensities, seen.image);
  return seen;
}

}  // namespace revunet

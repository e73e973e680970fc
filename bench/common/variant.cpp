#include "bench/common/variant.h"

#include "engine/rng.h"

namespace revunet::bench {

std::unique_ptr<UNet> make_network(const Context& ctx, const Variant& variant) {
  check_config(variant.model);
  check_size(variant.model, variant.size);
  return make_unet(ctx, variant.model, DType::f32, kVariantSeed, variant.mode, operands_of(variant.precision));
}

std::vector<float> random_image(const Variant& variant) {
  Rng rng(kVariantSeed);
  const int64_t voxels = variant.size[0] * variant.size[1] * variant.size[2];
  std::vector<float> values(static_cast<size_t>(voxels * variant.model.in_channels));
  for (float& v : values) v = static_cast<float>(rng.normal());
  return values;
}

Json describe(const Variant& variant, const UNet& network, const std::string& device_description) {
  return {{"model", variant.name},
          {"channels", variant.model.channels},
          {"encoder_depth", variant.model.encoder_depth},
          {"decoder_depth", variant.model.decoder_depth},
          {"parameters", network.parameter_count()},
          {"precision", name_of(variant.precision)},
          {"size", variant.size},
          {"threads", variant.threads},
          {"device", device_description}};
}

Json memory_json(Device& device) {
  const MemoryStats& stats = device.allocator().stats();
  Json at_peak;
  for (size_t tag = 0; tag < kTagCount; ++tag) at_peak[kTagNames[tag]] = stats.at_peak[tag];
  Json json = {{"peak_allocated_bytes", stats.peak_allocated},
               {"peak_reserved_bytes", stats.peak_reserved},
               {"bytes_at_peak", std::move(at_peak)}};
  if (const auto capacity = device.memory().capacity()) json["driver_used_bytes"] = capacity->total - capacity->free;
  return json;
}

}  // namespace revunet::bench

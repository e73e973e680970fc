#include "bench/step/convolution_flops.h"

#include "models/networks.h"

namespace revunet::bench {

namespace {

struct Place {
  size_t level;      // 0: the finest
  bool first_layer;  // reads the image
  bool recomputed;   // by backward
};

// Parameter names are the reference's: encoders.I., decoders.I, firstConv, lastConv. Decoder I is at level levels - 1 -
// I.
Place place_of(const std::string& name, const Variant& variant) {
  constexpr size_t kPrefix = 9;  // length of "encoders." and "decoders."
  const UNetConfig& config = variant.model;
  const bool encoder = name.starts_with("encoders."), decoder = name.starts_with("decoders.");
  const NetworkRow& network = network_of(config.kind);
  const bool first_layer = name == network.first_weight;
  if (!encoder && !decoder) return {0, first_layer, false};
  const size_t index = std::stoul(name.substr(kPrefix));
  const size_t level = encoder ? index : config.levels() - 1 - index;
  if (!network.reversible_blocks) return {level, first_layer, false};
  const bool restores_skip = decoder && index > 0 && variant.mode.skips == Skips::reversible;
  if (name.find("reversibleBlocks") == std::string::npos) {  // the convolution of decoder I leads to decoder I + 1
    return {level, first_layer, decoder && variant.mode.skips == Skips::reversible};
  }
  // The first decoder's blocks continue the last encoder's sequence.
  const bool begins_sequence =
      name.find("reversible_blocks.0.f_block") != std::string::npos && !(decoder && index == 0);
  return {level, first_layer,
          variant.mode.activations == Activations::reversible && (!begins_sequence || restores_skip)};
}

}  // namespace

double convolution_flops(const UNet& model, const Variant& variant) {
  double total = 0;
  for (const auto& p : model.parameters()) {
    if (p->value.shape().rank() != 5) continue;  // skips biases and norms
    const Place place = place_of(p->name, variant);
    double voxels = 1;
    for (const int64_t extent : variant.size) voxels *= static_cast<double>(extent >> place.level);
    const double forward = 2 * voxels * static_cast<double>(p->value.elements());
    const int gradients = place.first_layer ? 1 : 2;
    total += forward * (1 + gradients + (place.recomputed ? 1 : 0));
  }
  return total;
}

}  // namespace revunet::bench

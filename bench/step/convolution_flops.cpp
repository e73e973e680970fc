#include "bench/step/convolution_flops.h"

#include "models/networks.h"
#include "models/reversible_unet.h"
#include "models/slabs.h"

namespace revunet::bench {

namespace {

constexpr size_t kPrefix = 9;  // length of "encoders." and "decoders."

struct Place {
  size_t level;      // 0: the finest
  bool first_layer;  // reads the image
  int recomputed;    // how often, by backward
};

// Returns how often backward computes a convolution of the reversible network again from checkpoints. The last segment
// is stored, and no other segment computes its last G.
int recomputed_block(const std::string& name, const UNetConfig& config) {
  const bool encoder = name.starts_with("encoders.");
  const size_t levels = config.levels(), index = std::stoul(name.substr(kPrefix));
  const std::string kBlocks = "reversible_blocks.";
  const auto encoder_depth = static_cast<size_t>(config.encoder_depth);
  // The first decoder's blocks continue the last encoder's sequence.
  const bool coarsest = encoder ? index + 1 == levels : index == 0;
  const size_t blocks =
      (encoder || coarsest ? encoder_depth : 0) + static_cast<size_t>(!encoder || coarsest ? config.decoder_depth : 0);
  const size_t length = checkpointed_blocks(blocks), last_begins = (blocks - 1) / length * length;
  const bool last_stage = levels == 1 || (!encoder && index + 1 == levels);
  const size_t block =
      std::stoul(name.substr(name.find(kBlocks) + kBlocks.size())) + (!encoder && coarsest ? encoder_depth : 0);
  if (last_stage && block >= last_begins) return 0;
  const bool ends_segment = block % length == length - 1 || block + 1 == blocks;
  return ends_segment && name.find("g_block") != std::string::npos ? 0 : 1;
}

int recomputed_from_checkpoints(const std::string& name, const UNetConfig& config) {
  const NetworkRow& network = network_of(config.kind);
  const size_t levels = config.levels();
  if (name == "lastConv.weight") return 0;
  if (!network.reversible_blocks) return name == fmt::format("decoders.{}.conv2.weight", levels - 1) ? 0 : 1;
  if (name.find("reversibleBlocks") != std::string::npos) return recomputed_block(name, config);
  // What enters the last stage is stored if all of the stage is one segment.
  const auto blocks = static_cast<size_t>(config.decoder_depth + (levels == 1 ? config.encoder_depth : 0));
  const std::string entry = levels == 1 ? network.first_weight : fmt::format("decoders.{}.conv.weight", levels - 2);
  return name == entry && checkpointed_blocks(blocks) == blocks ? 0 : 1;
}

// Parameter names are the reference's: encoders.I., decoders.I, firstConv, lastConv. Decoder I is at level levels - 1 -
// I.
Place place_of(const std::string& name, const Variant& variant) {
  const UNetConfig& config = variant.model;
  const bool encoder = name.starts_with("encoders."), decoder = name.starts_with("decoders.");
  const NetworkRow& network = network_of(config.kind);
  const bool first_layer = name == network.first_weight;
  // The finest encoder's output is computed again from the image, and the decoder's needs not be rebuilt for it.
  const bool slabs = variant.mode.finest == FinestLevel::slabs && !slabs_of(variant.size[0]).empty();
  const bool from_image = variant.mode.finest == FinestLevel::slabs && config.levels() > 1;
  if (!encoder && !decoder) return {0, first_layer, first_layer && from_image ? 1 : 0};
  const size_t index = std::stoul(name.substr(kPrefix));
  const size_t level = encoder ? index : config.levels() - 1 - index;
  if (!network.reversible_blocks) return {level, first_layer, 0};
  const auto restores_skip_of = [&](size_t i) {
    return decoder && i > 0 && variant.mode.skips != Skips::stored && !(from_image && i + 1 == config.levels());
  };
  const bool restores_skip = restores_skip_of(index);
  if (name.find("reversibleBlocks") == std::string::npos) {  // the convolution of decoder I leads to decoder I + 1
    return {level, first_layer, restores_skip_of(index + 1) ? 1 : 0};
  }
  // The first decoder's blocks continue the last encoder's sequence.
  const bool begins_sequence =
      name.find("reversible_blocks.0.f_block") != std::string::npos && !(decoder && index == 0);
  const bool rebuilt = variant.mode.activations == Activations::reversible && (!begins_sequence || restores_skip);
  const bool finest_encoder = encoder && level == 0;
  // In slabs, the finest level's gradients behind norms are computed twice. Planes that slabs share are not counted.
  return {level, first_layer,
          (rebuilt ? 1 : 0) + (from_image && finest_encoder ? 1 : 0) + (slabs && level == 0 ? 1 : 0)};
}

}  // namespace

double convolution_flops(const UNet& model, const Variant& variant) {
  double total = 0;
  for (const auto& p : model.parameters()) {
    if (p->value.shape().rank() != 5) continue;  // skips biases and norms
    Place place = place_of(p->name, variant);
    if (variant.mode.activations == Activations::checkpointed) {
      place.recomputed = recomputed_from_checkpoints(p->name, variant.model);
    }
    const auto stride = variant.model.stride(place.level);
    double voxels = 1;
    for (size_t axis = 0; axis < 3; ++axis) voxels *= static_cast<double>(variant.size[axis] / stride[axis]);
    const double forward = 2 * voxels * static_cast<double>(p->value.elements());
    const int gradients = place.first_layer ? 1 : 2;
    total += forward * (1 + gradients + place.recomputed);
  }
  return total;
}

}  // namespace revunet::bench

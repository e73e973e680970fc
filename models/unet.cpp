#include "models/unet.h"

#include "models/baseline_unet.h"
#include "models/initialisation.h"
#include "models/reversible_unet.h"

namespace revunet {

namespace {

// Beyond any network: with sizes of at most 2^30 voxels no number of bytes overflows.
constexpr int64_t kMostChannels = 4096, kMostDepth = 1000;
constexpr size_t kMostLevels = 12;

}  // namespace

UNetConfig default_config(ModelKind kind) {
  UNetConfig config;
  config.kind = kind;
  if (kind == ModelKind::baseline) config.channels = {30, 60, 120, 240, 480};
  return config;
}

void check_config(const UNetConfig& config) {
  REVUNET_EXPECTS(config.levels() >= 1, UsageError, "[model] expected at least one level of channels, got none");
  REVUNET_EXPECTS(config.levels() <= kMostLevels, UsageError,
                  "[model] expected at most {} levels of channels, got {}; give fewer --channels", kMostLevels,
                  config.levels());
  for (const auto& [depth, of] : {std::pair{config.encoder_depth, "encoder"}, {config.decoder_depth, "decoder"}}) {
    REVUNET_EXPECTS(depth >= 1 && depth <= kMostDepth, UsageError, "[model] expected --{}-depth 1 to {}, got {}", of,
                    kMostDepth, depth);
  }
  const bool reversible = config.kind == ModelKind::reversible;
  const int64_t unit = reversible ? 2 * config.groups() : config.groups();
  for (const int64_t c : config.channels) {
    REVUNET_EXPECTS(c <= kMostChannels, UsageError, "[model] expected --channels of at most {}, got {}", kMostChannels,
                    c);
    REVUNET_EXPECTS(unit > 0 && c > 0 && c % unit == 0, UsageError,
                    "[model] expected channels that are multiples of the first{}, got {} in {}; for example {}",
                    reversible ? ", which is even" : "", c, fmt::join(config.channels, ","),
                    fmt::join(default_config(config.kind).channels, ","));
  }
}

void check_size(const UNetConfig& config, const std::vector<int64_t>& size) {
  const int64_t m = config.size_multiple();
  std::vector<int64_t> nearest;
  for (const int64_t s : size) nearest.push_back(std::max(m, (s + m / 2) / m * m));
  REVUNET_EXPECTS(nearest == size, UsageError,
                  "[model] expected sizes that are multiples of {} for {} levels, got {}; the nearest are {}", m,
                  config.levels(), fmt::join(size, ","), fmt::join(nearest, ","));
}

std::vector<Parameter*> UNet::parameter_list() const {
  std::vector<Parameter*> list;
  for (const auto& p : parameters_) list.push_back(p.get());
  return list;
}

int64_t UNet::parameter_count() const {
  int64_t count = 0;
  for (const auto& p : parameters_) count += p->value.elements();
  return count;
}

void UNet::clear_gradients() {
  for (const auto& p : parameters_) p->clear_gradient();
}

Parameter& UNet::add_parameter(const Context& ctx, const std::string& name, const Shape& shape, DType dtype) {
  const LayerScope scope(ctx, "parameters");
  parameters_.push_back(std::make_unique<Parameter>(
      Parameter{.name = name, .value = zeros(ctx.with_tag(Tag::parameter), shape, dtype), .gradient = {}}));
  return *parameters_.back();
}

void check_operands(const UNetConfig& config, Operands operands) {
  REVUNET_EXPECTS(
      config.kind == ModelKind::reversible || operands == Operands::activations, UsageError,
      "[--precision] expected fp32 or bf16 with the baseline, which has no reversible blocks, got mixed; use "
      "--model reversible");
}

std::unique_ptr<UNet> make_unet(const Context& ctx, const UNetConfig& config, DType dtype, uint64_t seed,
                                const MemoryMode& mode, Operands operands) {
  check_config(config);
  check_operands(config, operands);
  std::unique_ptr<UNet> model;
  if (config.kind == ModelKind::reversible) {
    model = std::make_unique<ReversibleUNet>(ctx, config, dtype, mode, operands);
  } else {
    model = std::make_unique<BaselineUNet>(ctx, config, dtype);
  }
  initialise(*model, seed);
  return model;
}

UNetConfig infer_config(const std::map<std::string, std::vector<int64_t>>& shapes) {
  // An extent of the weight (O, I, kD, kH, kW) of a convolution.
  const auto find = [&](const std::string& name, size_t dim) -> int64_t {
    const auto found = shapes.find(name);
    REVUNET_EXPECTS(found != shapes.end(), DataError,
                    "[weights] expected a tensor '{}' of a reversible or baseline U-Net, got a file without it; was it "
                    "written by another program?",
                    name);
    REVUNET_EXPECTS(found->second.size() == 5, DataError,
                    "[weights] expected {} of shape (O, I, kD, kH, kW), got ({}); write the file again", name,
                    fmt::join(found->second, ", "));
    return found->second[dim];
  };
  const auto has = [&](const std::string& name) { return shapes.contains(name); };

  UNetConfig config;
  config.channels.clear();
  config.kind = has("firstConv.weight") ? ModelKind::reversible : ModelKind::baseline;
  config.out_channels = find("lastConv.weight", 0);
  if (config.kind == ModelKind::baseline) {
    config.in_channels = find("encoders.0.conv1.weight", 1);
    for (int i = 0; has(fmt::format("encoders.{}.conv1.weight", i)); ++i) {
      config.channels.push_back(find(fmt::format("encoders.{}.conv1.weight", i), 0));
    }
    return config;
  }

  const auto depth = [&](const std::string& stage) {
    int64_t blocks = 0;
    while (has(fmt::format("{}.0.reversibleBlocks.reversible_blocks.{}.f_block.conv.weight", stage, blocks))) ++blocks;
    return blocks;
  };
  config.in_channels = find("firstConv.weight", 1);
  config.channels.push_back(find("firstConv.weight", 0));
  for (int i = 1; has(fmt::format("encoders.{}.conv.weight", i)); ++i) {
    config.channels.push_back(find(fmt::format("encoders.{}.conv.weight", i), 0));
  }
  config.encoder_depth = depth("encoders");
  config.decoder_depth = depth("decoders");
  return config;
}

}  // namespace revunet

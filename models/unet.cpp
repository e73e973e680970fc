#include "models/unet.h"

#include <algorithm>

#include "kernels/label_table.h"
#include "models/initialisation.h"
#include "models/networks.h"

namespace revunet {

namespace {

// This is beyond any network. With sizes of at most 2^30 voxels no number of bytes overflows.
constexpr int64_t kMostChannelsOfLevel = 4096;
constexpr size_t kMostLevels = 12;

}  // namespace

const char* name_of(ModelKind kind) {
  return network_of(kind).name;
}

int64_t UNetConfig::groups() const {
  return network_of(kind).reversible_blocks ? channels[0] / 2 : channels[0];
}

std::array<int64_t, 3> UNetConfig::stride(size_t level) const {
  std::array<int64_t, 3> voxels = {1, 1, 1};
  for (size_t step = 0; step < level; ++step) {
    for (size_t axis = 0; axis < voxels.size(); ++axis) voxels[axis] *= halved_by(step)[axis] ? 2 : 1;
  }
  return voxels;
}

std::string describe_halved(const UNetConfig& config) {
  return config.halved.empty() ? "" : fmt::format(", halving {}", halved_text(config.halved));
}

UNetConfig default_config(ModelKind kind) {
  return {.kind = kind, .channels = network_of(kind).channels};
}

UNetConfig default_config(ModelKind kind, const UNetConfig& other) {
  UNetConfig config = default_config(kind);
  config.in_channels = other.in_channels;
  config.out_channels = other.out_channels;
  return config;
}

void check_config(const UNetConfig& config) {
  REVUNET_EXPECTS(config.levels() >= 1, UsageError, "[model] expected at least one level of channels, got none");
  REVUNET_EXPECTS(config.levels() <= kMostLevels, UsageError,
                  "[model] expected at most {} levels of channels, got {}; give fewer `channels`", kMostLevels,
                  config.levels());
  for (const auto& [depth, of] : {std::pair{config.encoder_depth, "encoder"}, {config.decoder_depth, "decoder"}}) {
    REVUNET_EXPECTS(depth >= 1 && depth <= kMostDepth, UsageError, "[model] expected `{}-depth` 1 to {}, got {}", of,
                    kMostDepth, depth);
  }
  REVUNET_EXPECTS(config.out_channels >= 1 && config.out_channels <= kMostRegions, UsageError,
                  "[model] expected 1 to {} output channels, a region or class each, got {}", kMostRegions,
                  config.out_channels);
  if (!config.halved.empty()) expect_steps(config.halved, config.levels());
  REVUNET_EXPECTS(config.halved.empty() || !canonical(config.halved).empty(), Error,
                  "[model] expected no list of steps where all of them halve all axes, got {}",
                  halved_text(config.halved));
  const bool halves = network_of(config.kind).reversible_blocks;
  const int64_t unit = halves ? 2 * config.groups() : config.groups();
  for (const int64_t c : config.channels) {
    REVUNET_EXPECTS(c <= kMostChannelsOfLevel, UsageError, "[model] expected `channels` of at most {}, got {}",
                    kMostChannelsOfLevel, c);
    REVUNET_EXPECTS(unit > 0 && c > 0 && c % unit == 0, UsageError,
                    "[model] expected channels that are multiples of the first{}, got {} in {}; for example {}",
                    halves ? ", which is even" : "", c, fmt::join(config.channels, ","),
                    fmt::join(default_config(config.kind).channels, ","));
  }
}

void check_size(const UNetConfig& config, const std::vector<int64_t>& size) {
  const auto multiple = config.size_multiple();
  std::vector<int64_t> nearest;
  for (size_t axis = 0; axis < size.size(); ++axis) {
    const int64_t s = size[axis], m = multiple.at(axis);
    nearest.push_back(std::max(m, (s + m / 2) / m * m));
  }
  REVUNET_EXPECTS(nearest == size, UsageError,
                  "[model] expected sizes that are multiples of {} for {} levels{}, got {}; the nearest are {}",
                  multiple_text(multiple), config.levels(), describe_halved(config), fmt::join(size, ","),
                  fmt::join(nearest, ","));
}

std::string multiple_text(const std::array<int64_t, 3>& m) {
  return m[0] == m[1] && m[1] == m[2] ? std::to_string(m[0]) : fmt::format("{}", fmt::join(m, ","));
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
  REVUNET_EXPECTS(network_of(config.kind).reversible_blocks || operands == Operands::activations, UsageError,
                  "[`precision`] expected fp32 or bf16 with the {}, which has no reversible blocks, got mixed; use "
                  "`model` {}",
                  name_of(config.kind), reversible_network_names());
}

void check_mode(const MemoryMode& mode) {
  REVUNET_EXPECTS(
      mode.finest == FinestLevel::whole ||
          (mode.activations == Activations::reversible && mode.skips == Skips::reversible),
      UsageError,
      "[`finest-level`, `activations`, `skips`] expected reversible `activations` and `skips` with slabs, got "
      "{} and {}; use `finest-level` whole, or leave the others out",
      name_of(mode.activations), name_of(mode.skips));
  REVUNET_EXPECTS(mode.activations != Activations::checkpointed || mode.skips == Skips::stored, UsageError,
                  "[`skips`] expected stored with checkpointed `activations`, which are computed again from encoder "
                  "outputs, got {}; leave `skips` out",
                  name_of(mode.skips));
}

std::unique_ptr<UNet> make_unet(const Context& ctx, const UNetConfig& config, DType dtype, uint64_t seed,
                                const MemoryMode& mode, Operands operands) {
  check_config(config);
  check_operands(config, operands);
  check_mode(mode);
  // Each wants blocks of other sizes at other times. At 128x128x128, the checkpointed baseline would reserve 2168 MiB
  // for 1482, and reserves 1516.
  const bool many_sizes = mode.activations == Activations::checkpointed && !network_of(config.kind).reversible_blocks;
  if (mode.finest == FinestLevel::slabs || many_sizes) ctx.device.allocator().set_frugal(true);
  std::unique_ptr<UNet> model = network_of(config.kind).make(ctx, config, dtype, mode, operands);
  initialise(*model, seed);
  return model;
}

UNetConfig infer_config(const std::map<std::string, std::vector<int64_t>>& shapes) {
  const FileShapes file(shapes);
  const auto known = [&](const NetworkRow& network) { return file.has(network.first_weight); };
  const auto found = std::ranges::find_if(networks(), known);
  const NetworkRow& network = found == networks().end() ? networks().back() : *found;
  UNetConfig config;
  config.kind = network.kind;
  config.channels.clear();
  config.out_channels = file.extent("lastConv.weight", 0);
  config.in_channels = file.extent(network.first_weight, 1);
  network.read_levels(file, config);
  return config;
}

}  // namespace revunet

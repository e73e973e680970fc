#include "models/plan/plan_text.h"

#include <algorithm>

#include "engine/memory/allocation_table.h"
#include "models/networks.h"

namespace revunet {

namespace {

constexpr size_t kGiB = size_t{1} << 30;
constexpr size_t kLayersShown = 12;
constexpr size_t kShown = size_t{1} << 16;  // bytes: less shows as 0.0 MiB

std::string in_mib(size_t bytes) {
  return fmt::format("{:.1f}", mib(bytes));
}

std::string row(const std::string& name, size_t bytes) {
  return fmt::format("  {:<80}{:>10}\n", name, in_mib(bytes));
}

std::string row(const std::string& name, const MemorySettings& settings) {
  const Plan plan = plan_training(settings);
  return fmt::format("  {:<80}{:>10}{:>10}\n", name, in_mib(plan.peak()), in_mib(plan.reserved()));
}

std::string composition(const Plan& plan) {
  std::string text = fmt::format("{:<82}{:>10}\n", "at the peak of training, by tag", "MiB");
  for (const size_t tag : tags_by_size(plan.training.at_peak)) {
    if (plan.training.at_peak[tag] >= kShown) text += row(kTagNames[tag], plan.training.at_peak[tag]);
  }
  text += "and by layer\n";
  size_t rest = 0, others = 0;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    if (i < kLayersShown && plan.layers[i].bytes >= kShown) {
      text += row(plan.layers[i].layer, plan.layers[i].bytes);
    } else {
      rest += plan.layers[i].bytes;
      ++others;
    }
  }
  if (rest) text += row(fmt::format("{} other layers", others), rest);
  return text;
}

// Returns a network of the same levels without reversible blocks: half the channels at the finest level, and twice as
// many at each further level.
MemorySettings non_reversible(const MemorySettings& settings, const NetworkRow& network) {
  MemorySettings other = settings;
  other.network = default_config(network.kind, settings.network);
  other.network.halved = settings.network.halved;
  other.extras.dropout = 0;  // it has neither dropout nor mixed precision
  if (settings.precision == Precision::mixed) other.precision = Precision::fp32;
  if (settings.network.channels != default_config(settings.network.kind).channels) {
    other.network.channels.clear();
    for (size_t level = 0; level < settings.network.levels(); ++level) {
      other.network.channels.push_back(std::max<int64_t>(1, settings.network.channels[0] / 2) << level);
    }
  }
  return other;
}

std::string alternatives(const MemorySettings& settings) {
  std::string text = fmt::format("{:<82}{:>10}{:>10}\n", "alternatives, fastest mode first; MiB", "peak", "reserved");
  for (const MemorySettings& other : candidates(settings, {})) text += row(describe(other), other);
  const bool reversible = network_of(settings.network.kind).reversible_blocks;
  for (const Precision precision : kPrecisions) {
    if (precision == settings.precision || (precision == Precision::mixed && !reversible)) continue;
    MemorySettings other = settings;
    other.precision = precision;
    text += row(describe(other), other);
  }
  if (!reversible) return text;
  for (int64_t depth = 1; depth <= 4; ++depth) {
    MemorySettings deeper = settings;
    deeper.network.encoder_depth = depth;
    text += row(fmt::format("encoder depth {}, else as configured", depth), deeper);
  }
  for (const NetworkRow& network : networks()) {
    if (network.reversible_blocks) continue;
    MemorySettings other = non_reversible(settings, network);
    for (const MemoryMode& mode : network.modes) {
      other.mode = mode;
      text += row(fmt::format("{}, channels {}", describe(other), fmt::join(other.network.channels, ",")), other);
    }
  }
  return text;
}

std::string largest_patches(const MemorySettings& settings, const ModeChoice& choice, std::optional<size_t> budget) {
  std::string text = fmt::format("largest {} to train on, in a `size` that holds it, by what is reserved\n",
                                 patch_shape(settings.network));
  std::vector<size_t> budgets = {4 * kGiB, 8 * kGiB, 12 * kGiB, 24 * kGiB};
  if (budget) budgets = {*budget};
  for (const size_t bytes : budgets) {
    const auto patch = largest_patch(settings, choice, bytes);
    text += fmt::format("  within {:>8} MiB  {}\n", in_mib(bytes),
                        patch ? fmt::format("`patch` {}", fmt::join(*patch, ",")) : std::string("none"));
  }
  return text;
}

}  // namespace

std::string plan_text(const MemorySettings& settings, const ModeChoice& choice, std::optional<size_t> budget) {
  const Plan plan = plan_training(settings);
  std::string text =
      fmt::format("{} network, channels {}{}, encoder depth {}, decoder depth {}; batch 1\n",
                  name_of(settings.network.kind), fmt::join(settings.network.channels, ","),
                  describe_halved(settings.network), settings.network.encoder_depth, settings.network.decoder_depth);
  if (settings.layout != kCpuLayout) {
    text += fmt::format(
        "on a CUDA device: channels padded to {} bytes, convolutions with {} MiB of workspace at most, converted "
        "filters included\n"
        "the CUDA context and the libraries take memory outside of this plan: `memory-limit` leaves the libraries\n"
        "{} MiB by default, and a run logs what all take\n",
        settings.layout.channel_bytes, settings.layout.convolution_workspace >> 20, kRoomForLibraries >> 20);
  }
  text +=
      fmt::format("training on {} voxels, {}: predicted peak {} MiB ({} MiB reserved)\n", fmt::join(settings.size, ","),
                  describe(settings), in_mib(plan.training.peak_allocated), in_mib(plan.training.peak_reserved));
  if (settings.validation) {
    text += fmt::format("validating on {} voxels: predicted peak {} MiB ({} MiB reserved)\n",
                        fmt::join(*settings.validation, ","), in_mib(plan.validation.peak_allocated),
                        in_mib(plan.validation.peak_reserved));
    text += fmt::format("the run reserves {} MiB\n", in_mib(plan.reserved()));
  }
  return text + composition(plan) + alternatives(settings) + largest_patches(settings, choice, budget);
}

}  // namespace revunet

#include "models/plan/mode_choice.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "engine/memory/allocation_table.h"
#include "models/networks.h"

namespace revunet {

namespace {

constexpr int64_t kLargestEdge = 512;  // voxels; beyond any brain

// Returns the settings as they are, then with validation by patches where that is another way and is left open.
std::vector<MemorySettings> validations(const MemorySettings& settings, const ModeChoice& choice) {
  std::vector<MemorySettings> result = {settings};
  if (choice.validation || !settings.validation || *settings.validation == settings.size) return result;
  result.push_back(settings);
  result.back().validation = settings.size;
  return result;
}

bool has_reversible_blocks(const MemorySettings& settings) {
  return network_of(settings.network.kind).reversible_blocks;
}

// Says whether a mode is tried. Two are only where the user asked for them, because they are never the best. Stored
// activations with reversible skips are one. Checkpointed activations of reversible blocks are the other: they take as
// much memory as reversible ones with stored skips, or more, and as much time (docs/memory.md has encoder depths 1 to
// 4).
bool is_tried(const MemorySettings& settings, const ModeChoice& choice, const MemoryMode& mode) {
  if (!has_reversible_blocks(settings)) return true;
  if (mode.activations == Activations::checkpointed) return choice.activations == mode.activations;
  const bool stored_and_reversible = mode == MemoryMode{Activations::stored, Skips::reversible};
  return !stored_and_reversible || (choice.activations == mode.activations && choice.skips == mode.skips);
}

bool allows(const ModeChoice& choice, const MemoryMode& mode) {
  return choice.activations.value_or(mode.activations) == mode.activations &&
         choice.skips.value_or(mode.skips) == mode.skips && choice.finest.value_or(mode.finest) == mode.finest;
}

size_t least_reserved(const std::vector<MemorySettings>& modes) {
  size_t least = ~size_t{0};
  for (const MemorySettings& mode : modes) least = std::min(least, plan_training(mode).reserved());
  return least;
}

// Returns the options that set what a run without a budget does not do by itself.
std::string options_of(const MemorySettings& s) {
  std::vector<std::string> options;
  if (has_reversible_blocks(s) || s.mode.activations == Activations::checkpointed) {
    options.push_back(fmt::format("`activations` {}", name_of(s.mode.activations)));
  }
  if (has_reversible_blocks(s)) options.push_back(fmt::format("`skips` {}", name_of(s.mode.skips)));
  if (s.mode.finest == FinestLevel::slabs) options.emplace_back("`finest-level` slabs");
  if (s.optimiser_step == OptimiserStep::fused) options.emplace_back("`optimiser-step` fused");
  return fmt::format("{}", fmt::join(options, " "));
}

bool takes(const UNetConfig& network, const io::VolumeSize& size) {
  const io::Size3 multiple = network.size_multiple();
  bool fits = true;
  for (size_t axis = 0; axis < 3; ++axis) fits = fits && size[axis] % multiple[axis] == 0;
  return fits;
}

// Says what to do where no patch fits.
std::string without_patch(MemorySettings settings, const ModeChoice& choice, size_t budget) {
  const std::string too_many = "no patch fits; use fewer `channels`";
  if (!settings.augmented) return too_many;
  const std::string advice =
      settings.augmented_from ? "no augmented patch fits; use `augment` none"
                              : "no patch of an augmented field of view fits; use a smaller `size`, or `augment` none";
  settings.augmented.reset();
  settings.augmented_from = nullptr;
  settings.intensities = false;
  return largest_patch(settings, choice, budget) ? advice : too_many;
}

// Says what else would fit.
std::string remedy(const MemorySettings& settings, const ModeChoice& choice, size_t budget) {
  std::string text;
  MemorySettings halved = settings;
  halved.precision = Precision::bf16;
  if (settings.precision != Precision::bf16 && fastest_that_fits(halved, choice, budget)) {
    text = "`precision` bf16 would fit; ";
  }
  for (const NetworkRow& other : networks()) {
    if (has_reversible_blocks(settings) || !other.reversible_blocks) continue;
    MemorySettings reversible = settings;
    reversible.mode = {};
    reversible.network = default_config(other.kind, settings.network);
    if (!settings.network.halved.empty()) {
      if (reversible.network.levels() != settings.network.levels()) continue;
      reversible.network.halved = settings.network.halved;
    }
    if (!takes(reversible.network, settings.size)) continue;
    if (fastest_that_fits(reversible, {.validation = choice.validation}, budget)) {
      text += fmt::format("`model` {} would fit; ", other.name);
    }
  }
  const bool validates_within = plan_training(settings).validation.peak_reserved <= budget;
  const bool on_patches = settings.validation && *settings.validation != settings.size;
  if (!validates_within && on_patches && choice.validation == ValidationPass::whole) {
    return text + "use `validate-by` patches, a smaller `size`, or `val-fraction` 0";
  }
  const auto patch = largest_patch(settings, choice, budget);
  if (!patch) return text + without_patch(settings, choice, budget);
  const io::Size3 within = io::smaller_of(*patch, settings.field.value_or(settings.size));
  return text + fmt::format("{} that fits is `patch` {}{}",
                            within == *patch ? "the largest " + patch_shape(settings.network) : "a patch",
                            fmt::join(within, ","), validates_within ? "" : " with `validate-by` patches");
}

}  // namespace

const char* name_of(ValidationPass pass) {
  return pass == ValidationPass::whole ? "whole" : "patches";
}

std::vector<MemorySettings> candidates(const MemorySettings& settings, const ModeChoice& choice) {
  std::vector<MemorySettings> result;
  for (const MemoryMode& mode : network_of(settings.network.kind).modes) {
    if (!allows(choice, mode) || !is_tried(settings, choice, mode)) continue;
    for (const OptimiserStep step : {OptimiserStep::separate, OptimiserStep::fused}) {
      if (choice.optimiser_step.value_or(step) != step) continue;
      const bool all_gradients = settings.extras.accumulate > 1 || settings.extras.clip_gradients > 0;
      if (step == OptimiserStep::fused && all_gradients) continue;
      result.push_back(settings);
      result.back().mode = mode;
      result.back().optimiser_step = step;
    }
  }
  return result;
}

std::optional<MemorySettings> fastest_that_fits(const MemorySettings& settings, const ModeChoice& choice,
                                                size_t budget) {
  for (const MemorySettings& validated : validations(settings, choice)) {
    for (const MemorySettings& mode : candidates(validated, choice)) {
      if (plan_training(mode).reserved() <= budget) return mode;
    }
  }
  return std::nullopt;
}

std::optional<io::Size3> largest_patch(const MemorySettings& settings, const ModeChoice& choice, size_t budget) {
  const io::Size3 unit = settings.network.size_multiple();
  const auto of_units = [&](int64_t units) { return io::Size3{units * unit[0], units * unit[1], units * unit[2]}; };
  MemorySettings patch = settings;
  patch.validation.reset();
  const auto fits = [&](int64_t units) {
    const io::Size3 size = of_units(units);
    patch.size = size;
    if (settings.augmented) {
      const io::VolumeSize source = settings.augmented_from ? settings.augmented_from(size) : *settings.augmented;
      const io::Size3 around = io::larger_of(source, size);
      if (!io::VolumeSize::holds(around)) return false;
      patch.augmented = around;
    }
    return fastest_that_fits(patch, choice, budget).has_value();
  };
  int64_t low = 0, high = kLargestEdge / std::ranges::max(unit) + 1;  // in units: low fits, high does not
  while (high - low > 1) {
    const int64_t middle = (low + high) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low > 0 ? std::optional(of_units(low)) : std::nullopt;
}

std::string patch_shape(const UNetConfig& network) {
  const auto unit = network.size_multiple();
  const bool is_cube = std::ranges::max(unit) == std::ranges::min(unit);
  return is_cube ? "cube" : fmt::format("patch, a whole number times {},", multiple_text(unit));
}

std::string what_would_fit(const MemorySettings& settings, size_t capacity) {
  if (capacity == 0) return "use a smaller `size` or `patch`, `precision` bf16, or fewer `channels`";
  const size_t planned = plan_training(settings).reserved();
  std::string text =
      fmt::format("the plan of this run reserves {:.1f} MiB, but there are {:.1f} MiB; ", mib(planned), mib(capacity));
  for (const MemorySettings& mode : candidates(settings, {})) {
    const size_t reserved = plan_training(mode).reserved();
    if (reserved > capacity || reserved >= planned) continue;
    return text + fmt::format("{} would fit, with {:.1f} MiB", options_of(mode), mib(reserved));
  }
  return text + remedy(settings, {.validation = ValidationPass::whole}, capacity);  // as the run does without a budget
}

MemorySettings choose_within(const MemorySettings& settings, const ModeChoice& choice, size_t budget) {
  if (const auto mode = fastest_that_fits(settings, choice, budget)) return *mode;
  const MemorySettings least = validations(settings, choice).back();
  std::string volumes = fmt::format("train on samples of {} voxels", fmt::join(least.size, ","));
  if (least.validation) volumes += fmt::format(" and validate on volumes of {}", fmt::join(*least.validation, ","));
  throw UsageError(fmt::format("[`memory-budget`] expected at least {:.1f} MiB to {}, got {:.1f} MiB; {}",
                               mib(least_reserved(candidates(least, choice))), volumes, mib(budget),
                               remedy(settings, choice, budget)));
}

}  // namespace revunet

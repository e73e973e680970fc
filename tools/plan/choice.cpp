#include "tools/plan/choice.h"

#include <algorithm>

namespace revunet::tools {

namespace {

constexpr double kMiB = 1 << 20;
constexpr int64_t kLargestEdge = 512;  // voxels; beyond any brain

size_t least_peak(const std::vector<MemorySettings>& modes) {
  size_t least = ~size_t{0};
  for (const MemorySettings& mode : modes) least = std::min(least, plan_training(mode).peak());
  return least;
}

}  // namespace

std::vector<MemorySettings> candidates(const MemorySettings& settings, const ModeChoice& choice) {
  const bool baseline = settings.network.kind == ModelKind::baseline;
  constexpr std::array<MemoryMode, 3> kFastestFirst = {{{Activations::stored, Skips::stored},
                                                        {Activations::reversible, Skips::stored},
                                                        {Activations::reversible, Skips::reversible}}};
  std::vector<MemoryMode> modes(kFastestFirst.begin(), kFastestFirst.end());
  if (choice.activations == Activations::stored && choice.skips == Skips::reversible) {
    modes = {{Activations::stored, Skips::reversible}};  // never the best, but asked for
  }
  if (baseline) modes = {MemoryMode{}};
  std::vector<MemorySettings> result;
  for (const MemoryMode& mode : modes) {
    if (!baseline && choice.activations.value_or(mode.activations) != mode.activations) continue;
    if (!baseline && choice.skips.value_or(mode.skips) != mode.skips) continue;
    for (const OptimiserStep step : {OptimiserStep::separate, OptimiserStep::fused}) {
      if (choice.optimiser_step.value_or(step) != step) continue;
      result.push_back(settings);
      result.back().mode = mode;
      result.back().optimiser_step = step;
    }
  }
  return result;
}

std::optional<MemorySettings> fastest_that_fits(const MemorySettings& settings, const ModeChoice& choice,
                                                size_t budget) {
  for (const MemorySettings& mode : candidates(settings, choice)) {
    if (plan_training(mode).peak() <= budget) return mode;
  }
  return std::nullopt;
}

int64_t largest_cube(const MemorySettings& settings, const ModeChoice& choice, size_t budget) {
  const int64_t unit = settings.network.size_multiple();
  MemorySettings cube = settings;
  cube.validation.reset();
  const auto fits = [&](int64_t units) {
    cube.size = {units * unit, units * unit, units * unit};
    return fastest_that_fits(cube, choice, budget).has_value();
  };
  int64_t low = 0, high = kLargestEdge / unit + 1;  // in units: low fits, high does not
  while (high - low > 1) {
    const int64_t middle = (low + high) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low * unit;
}

MemorySettings choose_within(const MemorySettings& settings, const ModeChoice& choice, size_t budget) {
  if (const auto mode = fastest_that_fits(settings, choice, budget)) return *mode;
  const double needed = static_cast<double>(least_peak(candidates(settings, choice))) / kMiB;
  const double available = static_cast<double>(budget) / kMiB;
  MemorySettings halved = settings;
  halved.precision = DType::bf16;
  const bool bf16_fits = settings.precision != DType::bf16 && fastest_that_fits(halved, choice, budget);
  const char* bf16_hint = bf16_fits ? "--precision bf16 would fit; " : "";
  const size_t validation = plan_training(settings).validation.peak_allocated;
  REVUNET_EXPECTS(
      validation <= budget, UsageError,
      "[--memory-budget] expected at least {:.1f} MiB to predict validation volumes of {} voxels, got {:.1f} "
      "MiB; {}use a smaller --size, or --val-fraction 0",
      static_cast<double>(validation) / kMiB, fmt::join(settings.validation.value_or(settings.size), ","), available,
      bf16_hint);
  const int64_t cube = largest_cube(settings, choice, budget);
  throw UsageError(
      fmt::format("[--memory-budget] expected at least {:.1f} MiB for samples of {} voxels, got {:.1f} MiB; {}{}",
                  needed, fmt::join(settings.size, ","), available, bf16_hint,
                  cube > 0 ? fmt::format("the largest cube that fits is --patch {0},{0},{0}", cube)
                           : std::string("no patch fits; use fewer --channels")));
}

}  // namespace revunet::tools

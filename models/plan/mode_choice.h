// Choosing how to train within a budget of memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "models/plan/plan.h"

namespace revunet {

// What the user left open: an empty choice is the program's.
struct ModeChoice {
  std::optional<Activations> activations = {};
  std::optional<Skips> skips = {};
  std::optional<OptimiserStep> optimiser_step = {};
};

// The modes that the choice leaves, fastest first: what is stored need not be computed again.
std::vector<MemorySettings> candidates(const MemorySettings& settings, const ModeChoice& choice);

// The fastest mode whose plan reserves no more than the budget, nothing if none does.
std::optional<MemorySettings> fastest_that_fits(const MemorySettings& settings, const ModeChoice& choice,
                                                size_t budget);

// The edge of the largest cube, a multiple of what the network takes, that one of the modes trains on within the
// budget; 0 if none does. Validation is not counted.
int64_t largest_cube(const MemorySettings& settings, const ModeChoice& choice, size_t budget);

// The settings for a run with this budget in bytes. If nothing fits: UsageError naming the least that is needed, and
// what would fit, the largest patch, or that it is validation which does not.
MemorySettings choose_within(const MemorySettings& settings, const ModeChoice& choice, size_t budget);

// For a run with these settings that ran out of memory on a device with `capacity` bytes (0: not known): what to change
// so that it fits.
std::string what_would_fit(const MemorySettings& settings, size_t capacity);

}  // namespace revunet

// This file chooses how to train within a budget of memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "models/plan/plan.h"

namespace revunet {

// ValidationPass says what the network sees of a case at once in validation: the field of view, or a patch of it.
enum class ValidationPass { whole, patches };
const char* name_of(ValidationPass pass);

// A ModeChoice holds what the user chose. The program decides what is empty.
struct ModeChoice {
  std::optional<Activations> activations = {};
  std::optional<Skips> skips = {};
  std::optional<FinestLevel> finest = {};
  std::optional<OptimiserStep> optimiser_step = {};
  std::optional<ValidationPass> validation = {};
};

// Returns the modes that the choice leaves, fastest first: what is stored need not be computed again.
std::vector<MemorySettings> candidates(const MemorySettings& settings, const ModeChoice& choice);

// Returns the fastest mode whose plan reserves no more than the budget, or nothing if there is none. Where no mode fits
// with validation in one pass, and the choice leaves that open, validation is by patches of settings.size.
std::optional<MemorySettings> fastest_that_fits(const MemorySettings& settings, const ModeChoice& choice,
                                                size_t budget);

// Returns the largest patch that one of the modes trains on within the budget, or nothing if there is none. It is a
// whole number times the network's size_multiple(), which is a cube where all steps between levels halve all axes.
// Validation is not counted.
std::optional<io::Size3> largest_patch(const MemorySettings& settings, const ModeChoice& choice, size_t budget);

// Returns "cube", or "patch, a whole number times 16,16,4," for messages about this patch.
std::string patch_shape(const UNetConfig& network);

// Returns the settings for a run with this budget in bytes. If nothing fits, throws UsageError. It names the least that
// is needed and the largest patch that would fit, or says that only validation does not fit.
MemorySettings choose_within(const MemorySettings& settings, const ModeChoice& choice, size_t budget);

// Returns advice for a run with these settings that ran out of memory on a device with `capacity` bytes (0: not known):
// what to change so that it fits.
std::string what_would_fit(const MemorySettings& settings, size_t capacity);

}  // namespace revunet

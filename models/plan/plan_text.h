// This file writes a plan as text for people.
#pragma once

#include <optional>
#include <string>

#include "models/plan/mode_choice.h"

namespace revunet {

// Returns the plan of `settings`, what its peak consists of, and what other modes, depths, networks and patches would
// take. With a budget it names the largest cube that fits it, and without one those for usual cards.
std::string plan_text(const MemorySettings& settings, const ModeChoice& choice, std::optional<size_t> budget);

}  // namespace revunet

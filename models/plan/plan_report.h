// A plan as text for people.
#pragma once

#include <optional>
#include <string>

#include "models/plan/mode_choice.h"

namespace revunet {

// The plan of `settings`, what its peak is made of, and what other modes, depths, networks and patches would take.
// With a budget, the largest cube that fits it; without, those for usual cards.
std::string plan_report(const MemorySettings& settings, const ModeChoice& choice, std::optional<size_t> budget);

}  // namespace revunet

// This file converts the settings of a run in a trace's header, which the planner needs to plan the run again.
#pragma once

#include <nlohmann/json.hpp>

#include "models/plan/plan.h"

namespace revunet {

nlohmann::ordered_json to_json(const MemorySettings& settings);

// Throws DataError, without a file's name, for a key that is missing or unknown, and for a value that no run could
// have.
MemorySettings settings_from_json(const nlohmann::json& json);

}  // namespace revunet

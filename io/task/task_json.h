// This file writes a task as JSON, for weights and split.json, and reads it back.
#pragma once

#include <nlohmann/json.hpp>

#include "io/task/task.h"

namespace revunet::io {

// Returns {"name", "modalities": [{"name", "normalisation", "foreground": {"low", "high", "mean", "deviation"}}],
// "labels": [{"number", "name"}], "regions": [{"name", "labels", "written", "meaning", "shown_on"}], "exclusive",
// "ignored"}. The members "foreground", "meaning" and "ignored" are there where the task has one.
nlohmann::json to_json(const Task& task);

// Returns brats_task() or brats2024_task() itself where it is one of these. Throws DataError for anything that to_json
// does not write. The message does not name the file.
TaskPointer task_from_json(const nlohmann::json& json);

}  // namespace revunet::io

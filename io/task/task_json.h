// This file writes a task as JSON, for weights and split.json, and reads it back.
#pragma once

#include <array>

#include <nlohmann/json.hpp>

#include "io/task/task.h"

namespace revunet::io {

// Returns {"name", "modalities": [{"name", "normalisation", "foreground": {"low", "high", "mean", "deviation"}}],
// "labels": [{"number", "name"}], "regions": [{"name", "labels", "written", "meaning", "shown_on"}], "exclusive",
// "ignored", "resampling": {"spacing", "interpolation"}, "files": {"images": [{"pattern", "frame", "frames"}],
// "segmentation"}}. The members "foreground", "meaning", "ignored", "resampling" and "files" are there where the task
// has one.
// Throws Error for a spacing that waits for a fingerprint.
nlohmann::json to_json(const Task& task);

// Returns brats_task() or brats2024_task() itself where it is one of these. Throws DataError for anything that to_json
// does not write. The message does not name the file.
TaskPointer task_from_json(const nlohmann::json& json);

// Reads mm along x, y, z from a list. Throws DataError for anything else. The task checks their range.
std::array<double, 3> spacing_from(const nlohmann::json& json);

}  // namespace revunet::io

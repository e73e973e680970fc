// These functions show what a trace holds, in words and tables.
#pragma once

#include <string>

#include "engine/memory/trace/replay.h"
#include "models/plan/trace/run_trace.h"

namespace revunet {

// Describes the run, then each section on a line (events, reuse, peak, live at its end), then the faults.
std::string summary_text(const RunTrace& trace);

// Describes the highest moment of all, by tag and by layer, and the paper's equations for its step. Only the first
// layers are named unless all are asked for.
std::string peak_text(const RunTrace& trace, bool all_layers);

// Returns a text such as "reversible network, channels 60,120, ... on 160,192,160 voxels; reversible activations,
// stored skips".
std::string configuration_text(const MemorySettings& settings);

}  // namespace revunet

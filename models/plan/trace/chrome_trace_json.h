// This file writes a trace in the JSON format that chrome://tracing and ui.perfetto.dev open. Source: "Trace Event
// Format" of the Chromium project, its counter (C), complete (X) and metadata (M) events.
#pragma once

#include <string>

#include "engine/memory/trace/replay.h"
#include "models/plan/trace/run_trace.h"

namespace revunet {

// Counters are in bytes: "memory" by tag, and "total" allocated and reserved, after every event. Slices are on three
// rows: steps, phases, layers. Times are microseconds since recording began.
std::string chrome_trace_json(const RunTrace& trace);

}  // namespace revunet

// This file makes the trace of a plan.
#pragma once

#include "models/plan/trace/run_trace.h"

namespace revunet {

// Returns the trace that the planner makes of these settings on a meta device: one or two steps, then a prediction if
// the run validates. It uses the header's number of CPU threads and instructions, on which workspaces depend, and
// restores the process's own. Throws DataError for instructions that this machine lacks.
RunTrace planned_trace(const TraceHeader& header);

}  // namespace revunet

// The trace of a plan.
#pragma once

#include "models/plan/trace/run_trace.h"

namespace revunet {

// The trace that the planner makes of these settings on a meta device: one or two steps, then a prediction if the run
// validates. With the header's number of CPU threads, on which workspaces depend; the process keeps its own.
RunTrace planned_trace(const TraceHeader& header);

}  // namespace revunet

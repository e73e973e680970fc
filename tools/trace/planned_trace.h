// The trace of a plan.
#pragma once

#include "tools/trace/trace.h"

namespace revunet::tools {

// The trace that the planner makes of these settings on a meta device: one or two steps, then a prediction if the run
// validates. With the header's number of CPU threads, on which workspaces depend; the process keeps its own.
Trace planned_trace(const TraceHeader& header);

}  // namespace revunet::tools

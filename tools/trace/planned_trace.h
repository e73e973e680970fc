// The trace of a plan.
#pragma once

#include "tools/trace/trace.h"

namespace revunet::tools {

// The trace that the planner makes of these settings on a meta device: one or two steps, then a prediction if the run
// validates. The number of CPU threads is the process's.
Trace planned_trace(const TraceHeader& header);

}  // namespace revunet::tools

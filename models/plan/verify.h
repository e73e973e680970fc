// Holds a trace against the planner, event by event, and against the paper's equations.
#pragma once

#include <string>
#include <vector>

#include "engine/memory/trace/replay.h"
#include "models/plan/trace/run_trace.h"

namespace revunet {

struct Verification {
  std::vector<std::string> confirmed;  // a line each
  std::vector<std::string> notes;      // what was not compared, and why
  std::string difference;              // the first; empty if there is none
};

// Compares faults, then each complete section with its plan, then each complete step with the equations. What is
// compared: kind, bytes, tag, layer and phase of every allocation and free, in order, and the peak. Segments are not:
// which of two free blocks of one size is taken depends on addresses. Workspaces depend on the processor's instruction
// set: verify where the trace was recorded.
Verification verify(const RunTrace& trace);

}  // namespace revunet

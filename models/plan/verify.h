// This file compares a trace with the planner, event by event, and with the paper's equations.
#pragma once

#include <string>
#include <vector>

#include "engine/memory/trace/replay.h"
#include "models/plan/trace/run_trace.h"

namespace revunet {

struct Verification {
  std::vector<std::string> confirmed;  // one line each
  std::vector<std::string> notes;      // what was not compared, and why
  std::string difference;              // the first difference; empty if there is none
};

// Compares faults, then each complete section with its plan, then each complete step with the equations. It compares
// kind, bytes, tag, layer and phase of every allocation and free, in order, and the peak. It does not compare segments:
// which of two free blocks of one size is taken depends on addresses. Workspaces depend on the processor's instruction
// set, so verify where the trace was recorded.
Verification verify(const RunTrace& trace);

}  // namespace revunet

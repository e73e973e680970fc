// A RunTrace is a memory trace with a header that says which run it belongs to.
#pragma once

#include <string>

#include "engine/cpu_instructions.h"
#include "engine/memory/trace/trace.h"
#include "models/plan/plan.h"

namespace revunet {

struct TraceHeader {
  std::string program;  // name and version of the program that wrote it
  std::string date;     // UTC, 2026-11-23T04:05:06Z
  std::string device;   // cpu, cuda or meta
  int threads = 1;      // of the CPU; workspaces depend on them, and on the instructions
  CpuInstructions cpu_instructions = CpuInstructions::avx2;
  MemorySettings settings;  // what the planner needs to plan the same run
};

struct RunTrace : Trace {
  TraceHeader header;
};

// Makes the header of a trace that `program` (with its version) writes now with so many CPU threads, and with the
// instructions that this process uses.
TraceHeader make_header(const std::string& program, DeviceKind device, int threads, const MemorySettings& settings);

}  // namespace revunet

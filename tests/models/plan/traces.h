// Makes memory traces for tests: of a tiny network's plan, in files, and by hand.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/memory/trace/replay.h"
#include "io/files/atomic_file.h"
#include "models/plan/planned_trace.h"
#include "models/plan/trace/trace_file.h"

namespace revunet::test {

inline const MemorySettings tiny_settings{.network = {.channels = {4, 8}}, .size = {16, 16, 16}};

inline TraceHeader header_of(const MemorySettings& settings, DeviceKind device = DeviceKind::meta) {
  return make_header("test", device, 1, settings);
}

inline std::filesystem::path write(const std::filesystem::path& path, const RunTrace& trace) {
  io::AtomicFile file(path);
  write_trace(file, trace);
  file.commit();
  return path;
}

// The trace has one segment of 1 MiB, then blocks made by hand.
class HandMade {
 public:
  HandMade() {
    trace.header = header_of(tiny_settings);
    trace.layers = {"none", "conv"};
    add(AllocationEvent::Kind::segment, 0, 1 << 20, Tag::other);
  }
  void add(AllocationEvent::Kind kind, uint64_t address, uint64_t size, Tag tag, Phase phase = Phase::forward) {
    const uint64_t time = trace.events.size();
    trace.events.push_back({.nanoseconds = time,
                            .address = 4096 + address,
                            .size = size,
                            .layer = 1,
                            .rounding = 12,
                            .kind = kind,
                            .phase = phase,
                            .tag = tag,
                            .reused = false,
                            .split = false});
    if (kind == AllocationEvent::Kind::segment) trace.events.back().rounding = 0, trace.events.back().layer = 0;
  }
  void step() {
    trace.steps.push_back({static_cast<int64_t>(trace.steps.size()) + 1, trace.events.size(), trace.events.size()});
  }
  std::vector<std::string> faults() const {
    std::vector<std::string> texts;
    for (const Fault& fault : replay(trace, [](size_t, size_t, const LiveSet&) {})) texts.push_back(fault.text);
    return texts;
  }
  RunTrace trace;
};

}  // namespace revunet::test

// A memory trace holds every event of an allocator from the making of the network on, and where the run's steps begin.
//
// Rule: a trace begins on an empty allocator, so every free in it has its allocation in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/memory/allocation_observer.h"

namespace revunet {

// A TraceEvent is an AllocationEvent in 40 bytes, with its time. Address and size are those of the block or segment, in
// bytes.
struct TraceEvent {
  uint64_t nanoseconds;  // since recording began
  uint64_t address;
  uint64_t size;
  uint32_t layer;     // index into Trace::layers; 0 ("none") for segments
  uint16_t rounding;  // size - requested, bytes: at most kAllocationAlignment
  AllocationEvent::Kind kind;
  Phase phase;
  Tag tag;
  bool reused;
  bool split;

  uint64_t requested() const { return size - rounding; }
  bool operator==(const TraceEvent&) const = default;
};
static_assert(sizeof(TraceEvent) == 40);

inline constexpr std::array kKindNames = {"segment", "allocate", "free", "release"};
constexpr const char* name_of(AllocationEvent::Kind kind) {
  return kKindNames[static_cast<size_t>(kind)];
}

struct StepMark {
  int64_t step;  // of the run, from 1
  uint64_t nanoseconds;
  size_t first_event;  // index into Trace::events of the first event of the step
};

// A TraceEnd says why recording stopped. no_end_record: the file ends before the end was written. The run was killed or
// still goes on, or a copy of the file was cut short. No program writes this value.
enum class TraceEnd : uint8_t { steps_recorded, run_ended, run_failed, event_limit, no_end_record };
inline constexpr std::array kEndNames = {"steps recorded", "run ended", "run failed", "event limit", "no end record"};
constexpr const char* name_of(TraceEnd end) {
  return kEndNames[static_cast<size_t>(end)];
}

struct Trace {
  std::vector<std::string> layers;
  std::vector<StepMark> steps;  // in ascending order
  std::vector<TraceEvent> events;
  TraceEnd end = TraceEnd::run_ended;
};

// Holds the bytes that a layer has.
struct LayerBytes {
  std::string layer;
  size_t bytes;
};

}  // namespace revunet

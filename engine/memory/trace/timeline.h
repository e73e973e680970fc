// A timeline is a trace made ready to draw: columns of bytes by tag along the x axis.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/memory/trace/replay.h"

namespace revunet {

enum class TimelineAxis { events, time };

struct TimelineColumn {
  double x;                                // events or seconds since the timeline's beginning
  uint64_t allocated;                      // bytes
  std::array<uint64_t, kTagCount> by_tag;  // sum to allocated
};

struct TimelineSpan {
  double begin, end;  // on the x axis
  std::string name;
};

struct Timeline {
  double length = 0;                    // of the x axis, which starts at 0
  std::vector<TimelineColumn> columns;  // x ascends
  std::vector<TimelineSpan> steps, phases;
  TimelineColumn peak{};
};

// Makes the timeline of a whole trace, or of one step with the evaluation after it. The x axis has `resolution` slots.
// Where events share a slot, the highest and the last stay, so peaks stay too. Throws UsageError for a step that the
// trace lacks.
Timeline make_timeline(const Trace& trace, TimelineAxis axis, std::optional<int64_t> step, size_t resolution);

}  // namespace revunet

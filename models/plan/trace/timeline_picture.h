// This is the picture of a trace: memory over time, stacked by tag, with its peak, phases and steps. One drawing serves
// both formats.
#pragma once

#include <string>

#include "engine/memory/trace/timeline.h"
#include "models/plan/trace/run_trace.h"

namespace revunet {

struct TimelineChoice {
  TimelineAxis axis = TimelineAxis::events;
  std::optional<int64_t> step;  // none: all
};

// Both return the bytes of a file. An SVG holds its letters as outlines and needs no fonts; a PNG has 1200 x 560
// pixels.
std::string timeline_svg(const RunTrace& trace, const TimelineChoice& choice);
std::string timeline_png(const RunTrace& trace, const TimelineChoice& choice);

}  // namespace revunet

#include "models/training/report/memory_timeline.h"

#include "models/plan/planned_trace.h"
#include "models/plan/trace/timeline_picture.h"

namespace revunet {

void MemoryTimeline::on_start(int64_t /*step*/) {
  constexpr int64_t kTypical = 2;  // the first step lacks the optimiser's moments; all others are alike
  const TraceHeader header = make_header("", DeviceKind::meta, options_.threads, options_.memory(kTypical));
  folder_.write("memory.svg", timeline_svg(planned_trace(header), {.axis = TimelineAxis::events, .step = kTypical}));
}

}  // namespace revunet

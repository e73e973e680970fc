#include "tools/trace/planned_trace.h"

#include "tools/trace/collector.h"

namespace revunet::tools {

Trace planned_trace(const TraceHeader& header) {
  Device device = Device::meta(header.settings.layout);
  TraceCollector collector(device.allocator(), header);
  plan_training(header.settings, device,
                {.begin_step = [&](int64_t step) { collector.begin_step(step); }, .end = [&] { collector.stop(); }});
  return collector.take(TraceEnd::run_ended);
}

}  // namespace revunet::tools

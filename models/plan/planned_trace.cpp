#include "models/plan/planned_trace.h"

#include "engine/error.h"
#include "engine/memory/trace/collector.h"

namespace revunet {

namespace {

// Sets the number of CPU threads and the instructions for as long as it lives.
class CpuScope {
 public:
  CpuScope(int threads, CpuInstructions instructions) : threads_(cpu_threads()), instructions_(cpu_instructions()) {
    REVUNET_EXPECTS(instructions <= available_cpu_instructions() && instructions >= least_cpu_instructions(), DataError,
                    "expected a trace of a run with {} to {}, which this machine and build can plan, got {}; plan it "
                    "where it ran",
                    name_of(least_cpu_instructions()), name_of(available_cpu_instructions()), name_of(instructions));
    set_cpu_instructions(instructions);
    set_cpu_threads(threads);
  }
  ~CpuScope() {
    set_cpu_threads(threads_);
    set_cpu_instructions(instructions_);
  }
  CpuScope(const CpuScope&) = delete;
  CpuScope& operator=(const CpuScope&) = delete;

 private:
  int threads_;
  CpuInstructions instructions_;
};

}  // namespace

RunTrace planned_trace(const TraceHeader& header) {
  const CpuScope cpu(header.threads, header.cpu_instructions);
  Device device = Device::meta(header.settings.layout);
  TraceCollector collector(device.allocator());
  plan_training(header.settings, device,
                {.begin_step = [&](int64_t step) { collector.begin_step(step); }, .end = [&] { collector.stop(); }});
  return {collector.take(TraceEnd::run_ended), header};
}

}  // namespace revunet

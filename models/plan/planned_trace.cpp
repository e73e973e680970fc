#include "models/plan/planned_trace.h"

#include "engine/memory/trace/collector.h"

namespace revunet {

namespace {

// Sets the number of CPU threads for as long as it lives.
class ThreadsScope {
 public:
  explicit ThreadsScope(int threads) : before_(cpu_threads()) { set_cpu_threads(threads); }
  ~ThreadsScope() { set_cpu_threads(before_); }
  ThreadsScope(const ThreadsScope&) = delete;
  ThreadsScope& operator=(const ThreadsScope&) = delete;

 private:
  int before_;
};

}  // namespace

RunTrace planned_trace(const TraceHeader& header) {
  const ThreadsScope threads(header.threads);
  Device device = Device::meta(header.settings.layout);
  TraceCollector collector(device.allocator());
  plan_training(header.settings, device,
                {.begin_step = [&](int64_t step) { collector.begin_step(step); }, .end = [&] { collector.stop(); }});
  return {collector.take(TraceEnd::run_ended), header};
}

}  // namespace revunet

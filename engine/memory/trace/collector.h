// A TraceCollector collects what an allocator does, in memory. Each event takes 40 bytes.
#pragma once

#include <chrono>
#include <string>

#include "engine/memory/caching_allocator.h"
#include "engine/memory/trace/trace.h"

namespace revunet {

class TraceCollector : public AllocationObserver {
 public:
  // This limit bounds the memory of a trace to 40 MB and its file to about 60 MB, however much a run validates between
  // its steps.
  static constexpr size_t kMostEvents = 1'000'000;

  // Watches `allocator` from now on. The allocator has allocated nothing yet and outlives this object.
  explicit TraceCollector(CachingAllocator& allocator);
  ~TraceCollector() override { stop(); }
  TraceCollector(const TraceCollector&) = delete;
  TraceCollector& operator=(const TraceCollector&) = delete;

  // Marks the beginning of the run's step `step`, counted from 1. Does nothing once the trace is full().
  void begin_step(int64_t step);
  void on_event(const AllocationEvent& event) noexcept override;
  bool full() const { return full_; }

  // Stops watching. What was collected stays.
  void stop();
  bool watching() const { return watching_; }
  // Returns what is collected so far.
  const Trace& trace();
  // Returns what was collected, once stopped. Its end is `end`, or event_limit where events had to be left out.
  Trace take(TraceEnd end);

 private:
  uint64_t nanoseconds() const;

  CachingAllocator& allocator_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Trace trace_;
  size_t named_events_ = 0;  // events whose layers the trace names
  bool watching_ = true, full_ = false;
};

}  // namespace revunet

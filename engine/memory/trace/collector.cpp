#include "engine/memory/trace/collector.h"

#include <new>

#include "engine/error.h"

namespace revunet {

TraceCollector::TraceCollector(CachingAllocator& allocator) : allocator_(allocator) {
  REVUNET_EXPECTS(
      allocator.stats().reserved == 0, Error,
      "[memory trace] expected an allocator that has reserved nothing yet, got one with {} bytes; begin the "
      "trace before the network is made",
      allocator.stats().reserved);
  allocator_.observe(this);
}

uint64_t TraceCollector::nanoseconds() const {
  const auto elapsed = std::chrono::steady_clock::now() - start_;
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count());
}

void TraceCollector::begin_step(int64_t step) {
  if (watching_ && !full_) trace_.steps.push_back({step, nanoseconds(), trace_.events.size()});
}

void TraceCollector::on_event(const AllocationEvent& e) noexcept {
  if (full_ || trace_.events.size() == kMostEvents) {
    full_ = true;  // take() reports it
    return;
  }
  const bool block = e.kind == AllocationEvent::Kind::allocate || e.kind == AllocationEvent::Kind::free;
  try {
    trace_.events.push_back({.nanoseconds = nanoseconds(),
                             .address = e.address,
                             .size = e.size,
                             .layer = e.layer,
                             .rounding = static_cast<uint16_t>(block ? e.size - e.requested : 0),
                             .kind = e.kind,
                             .phase = e.phase,
                             .tag = e.tag,
                             .reused = e.reused,
                             .split = e.split});
  } catch (const std::bad_alloc&) {
    full_ = true;
  }
}

void TraceCollector::stop() {
  if (watching_) allocator_.observe(nullptr);
  watching_ = false;
}

const Trace& TraceCollector::trace() {
  uint32_t layers = std::max<uint32_t>(1, static_cast<uint32_t>(trace_.layers.size()));
  for (; named_events_ < trace_.events.size(); ++named_events_) {
    layers = std::max(layers, trace_.events[named_events_].layer + 1);
  }
  for (auto i = static_cast<uint32_t>(trace_.layers.size()); i < layers; ++i) {
    trace_.layers.push_back(allocator_.layer_name(i));
  }
  return trace_;
}

Trace TraceCollector::take(TraceEnd end) {
  stop();
  trace();
  trace_.end = full_ ? TraceEnd::event_limit : end;
  return std::move(trace_);
}

}  // namespace revunet

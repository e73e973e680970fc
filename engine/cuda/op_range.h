// Where each op lies on the device's timeline: ranges in NVIDIA's profilers (NVTX), and times of our own on request.
#pragma once

#include <string>
#include <vector>

#include "engine/context.h"

namespace revunet::cuda {

// Adds up what ops take on the device, by name, while it is on. A device's state: ctx.device.state<OpTimer>().
class OpTimer {
 public:
  struct Time {
    std::string op;
    int64_t calls;
    double milliseconds;  // on the device, from where it could begin to its end
  };

  OpTimer() = default;
  ~OpTimer();
  OpTimer(const OpTimer&) = delete;
  OpTimer& operator=(const OpTimer&) = delete;

  void start() { on_ = true; }
  // Waits for the device; the longest first.
  std::vector<Time> stop();

  bool on() const { return on_; }
  // Marks the beginning or the end of an op on the stream.
  void mark(const Context& ctx, const char* op);

 private:
  struct Mark {
    const char* op;
    void* event;  // cudaEvent_t
  };
  bool on_ = false;
  std::vector<Mark> marks_;  // beginning, end, beginning, end
};

// An op from here to the end of its life. A few nanoseconds where no profiler is attached and no timer is on.
class OpRange {
 public:
  // `op` outlives the device: a literal.
  OpRange(const Context& ctx, const char* op);
  ~OpRange();
  OpRange(const OpRange&) = delete;
  OpRange& operator=(const OpRange&) = delete;

 private:
  const Context& ctx_;
  const char* timed_;  // nullptr: not timed
};

}  // namespace revunet::cuda

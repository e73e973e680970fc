// This file measures, on request, the time that each op takes on the device's own clock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/cuda/event.h"

namespace revunet::cuda {

// While it is on, an OpTimer adds up the time of ops, by name and by layer. It is part of a device's state:
// ctx.device.state<OpTimer>(). OpRange feeds it.
class OpTimer {
 public:
  explicit OpTimer(Device& device) : device_(device) {}

  struct Time {
    std::string name;  // of the op or the layer
    int64_t calls = 0;
    double milliseconds = 0;  // on the device, from the earliest possible start to the end, without ops within it
  };
  // Each list has all calls, and the longest time first.
  struct Times {
    std::vector<Time> by_op, by_layer;
  };

  void start() { on_ = true; }
  // Waits for the device.
  Times stop();

  bool on() const { return on_; }
  // Marks where an op begins on the stream, which is where the op before it ends. `op` is a literal. The op belongs to
  // the layer that allocations belong to.
  void begin(const Context& ctx, const char* op);
  // Ends the op that began last among those that have not ended.
  void end(const Context& ctx);

 private:
  struct Call {
    const char* op;
    uint32_t layer;
    Event begin, end;
    std::optional<size_t> within;  // the call that it is part of
  };
  Device& device_;
  bool on_ = false;
  std::vector<Call> calls_;
  std::vector<size_t> open_;  // calls that have not ended, the innermost last
};

}  // namespace revunet::cuda

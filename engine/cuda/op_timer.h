// This file measures, on request, the time that each op takes on the device's own clock.
#pragma once

#include <string>
#include <vector>

#include "engine/cuda/event.h"

namespace revunet::cuda {

// While it is on, an OpTimer adds up the time of ops by name. It is part of a device's state:
// ctx.device.state<OpTimer>(). OpRange feeds it.
class OpTimer {
 public:
  struct Time {
    std::string op;
    int64_t calls;
    double milliseconds;  // on the device, from the earliest possible start of the op to its end
  };

  void start() { on_ = true; }
  // Waits for the device. Returns the longest time first.
  std::vector<Time> stop();

  bool on() const { return on_; }
  // Marks where an op begins on the stream, which is where the op before it ends. `op` is a literal.
  void begin(const Context& ctx, const char* op);
  void end(const Context& ctx);

 private:
  struct Call {
    const char* op;
    Event begin, end;
  };
  bool on_ = false;
  std::vector<Call> calls_;
};

}  // namespace revunet::cuda

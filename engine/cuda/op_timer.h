// What each op takes on the device's own clock, on request.
#pragma once

#include <string>
#include <vector>

#include "engine/cuda/event.h"

namespace revunet::cuda {

// Adds up what ops take, by name, while it is on. A device's state: ctx.device.state<OpTimer>(). OpRange feeds it.
class OpTimer {
 public:
  struct Time {
    std::string op;
    int64_t calls;
    double milliseconds;  // on the device, from where it could begin to its end
  };

  void start() { on_ = true; }
  // Waits for the device; the longest first.
  std::vector<Time> stop();

  bool on() const { return on_; }
  // Where an op begins on the stream, and where the one that began last ends. `op` is a literal.
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

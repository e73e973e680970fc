// Where each op lies on the device's timeline: a range in NVIDIA's profilers (NVTX), and for OpTimer.
#pragma once

#include "engine/context.h"

namespace revunet::cuda {

// An op from here to the end of its life. A few nanoseconds where no profiler is attached and no timer is on.
class OpRange {
 public:
  // `op` outlives the device: a literal. Ops do not nest.
  OpRange(const Context& ctx, const char* op);
  ~OpRange();
  OpRange(const OpRange&) = delete;
  OpRange& operator=(const OpRange&) = delete;

 private:
  const Context& ctx_;
  bool timed_;
};

}  // namespace revunet::cuda

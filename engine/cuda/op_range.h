// This file marks each op on the device's timeline: as a range in NVIDIA's profilers (NVTX), and for OpTimer.
#pragma once

#include "engine/context.h"

namespace revunet::cuda {

// An OpRange marks an op from here to the end of the object's life. It costs a few nanoseconds where no profiler is
// attached and no timer is on.
class OpRange {
 public:
  // `op` is a literal, because it has to outlive the device. It may lie within another op.
  OpRange(const Context& ctx, const char* op);
  ~OpRange();
  OpRange(const OpRange&) = delete;
  OpRange& operator=(const OpRange&) = delete;

 private:
  const Context& ctx_;
  bool timed_;
};

}  // namespace revunet::cuda

// RunMemory follows what a run's tensors take: predicted before its first step, measured as it goes, and compared at
// its end. It also reports what the process and the device take in addition.
#pragma once

#include <algorithm>
#include <cstddef>

#include "engine/device.h"
#include "models/plan/plan.h"

namespace revunet {

class RunMemory {
 public:
  // Plans the run, which takes milliseconds.
  explicit RunMemory(const MemorySettings& settings) : settings_(settings), plan_(plan_training(settings)) {}

  // Logs the prediction. Warns where the device is the CPU and has less memory than predicted, because Linux grants
  // more than it has.
  void log_prediction(Device& device) const;

  // Takes the allocator's peak, in bytes, of some training steps or of a validation.
  void trained(size_t peak) { training_ = std::max(training_, peak); }
  void validated(size_t peak) { validation_ = std::max(validation_, peak); }

  void log_measured(Device& device) const;

 private:
  MemorySettings settings_;
  Plan plan_;
  size_t training_ = 0, validation_ = 0;
};

}  // namespace revunet

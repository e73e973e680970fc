// What a run's tensors take: predicted before its first step, measured as it goes, compared at its end; and what the
// process and the device take besides.
#pragma once

#include <algorithm>
#include <cstddef>

#include "engine/device.h"
#include "models/plan/plan.h"

namespace revunet {

class RunMemory {
 public:
  // Plans the run: milliseconds.
  explicit RunMemory(const MemorySettings& settings) : settings_(settings), plan_(plan_training(settings)) {}

  // Warns where the device is the CPU, and its memory is less than predicted: Linux grants more than it has.
  void log_prediction(Device& device) const;

  // The allocator's peak, in bytes, of some training steps or of a validation.
  void trained(size_t peak) { training_ = std::max(training_, peak); }
  void validated(size_t peak) { validation_ = std::max(validation_, peak); }

  void log_measured(Device& device) const;

 private:
  MemorySettings settings_;
  Plan plan_;
  size_t training_ = 0, validation_ = 0;
};

}  // namespace revunet

// A plan is the memory that training will take, found by running its steps on the meta device.
//
// Rule: a plan runs the very functions that the trainer runs, so prediction and measurement differ only where the
// program is wrong.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/memory/trace/trace.h"
#include "io/preprocessing/preprocessing.h"
#include "models/precision.h"
#include "models/training_step.h"

namespace revunet {

// MemorySettings decide how much memory a run of training takes.
struct MemorySettings {
  UNetConfig network = {};
  MemoryMode mode = {};
  OptimiserStep optimiser_step = OptimiserStep::separate;
  StepExtras extras = {};
  int64_t processes = 1;  // that train together, each with extras.accumulate samples of a step
  Precision precision = Precision::fp32;
  MemoryLayout layout = {};                    // of the device
  io::VolumeSize size;                         // x, y, z voxels of a training sample, batch 1
  std::optional<io::VolumeSize> augmented{};   // what samples are resampled from, if they are resampled
  bool intensities = false;                    // whether samples' intensities are changed on the device
  std::optional<io::VolumeSize> validation{};  // what a pass of validation sees; none: no validation
  int64_t steps = 2;                           // of the run; all steps from the second on are alike

  // A plan does not depend on these. They say what samples of another size would be.
  std::optional<io::VolumeSize> field{};  // of view, which samples lie within; none: it is not known
  // Returns what a sample of this size would be resampled from. Empty: `augmented`, whatever the sample.
  std::function<io::VolumeSize(const io::Size3&)> augmented_from{};
};

struct Plan {
  MemoryStats training;            // with the peak of a training step
  std::vector<LayerBytes> layers;  // at that peak, largest first
  MemoryStats validation;          // with the peak of a prediction; zero where there is none
  size_t peak() const { return std::max(training.peak_allocated, validation.peak_allocated); }
  // Returns what a device must have: the allocator's segments, in training or in validation. They are never less than
  // the peak.
  size_t reserved() const { return std::max(training.peak_reserved, validation.peak_reserved); }
};

// PlanMarks tell an observer of a plan's allocator where the events lie.
struct PlanMarks {
  std::function<void(int64_t step)> begin_step;  // counted from 1; a plan has two steps at most
  std::function<void()> end;                     // called before the network is freed
};

// Plans on its own meta device, or on the given one, whose allocator is observed. This takes milliseconds.
Plan plan_training(const MemorySettings& settings);
Plan plan_training(const MemorySettings& settings, Device& device, const PlanMarks& marks);

// Returns a text such as "fp32, reversible activations, stored skips, fused optimiser step".
std::string describe(const MemorySettings& settings);

}  // namespace revunet

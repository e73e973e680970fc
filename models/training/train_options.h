// TrainOptions say what a training run does.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "io/preprocessing/preprocessing.h"
#include "models/device/compute_device.h"
#include "models/plan/mode_choice.h"
#include "models/plan/trace/recorder.h"
#include "models/training/early_stopping.h"
#include "models/training/learning_rate.h"
#include "models/training/samples/augmentation.h"
#include "models/training/samples/split.h"

namespace revunet {

struct TrainOptions {
  std::filesystem::path out;  // the run folder
  io::TaskPointer task = io::brats_task();
  io::Background background;
  UNetConfig network;
  io::VolumeSize size = {160, 192, 160};  // field of view (x, y, z) that cases are cropped or padded to
  std::optional<io::VolumeSize> patch;    // none: samples are the whole field of view
  double foreground = 0.5;                // share of patches placed on a region
  std::optional<AugmentationRanges> augmentation;
  double drop_modality = 0;  // probability that a sample lacks a modality
  StepExtras extras;
  int64_t epochs = 100;
  int64_t max_steps = 0;       // 0: no limit
  int64_t validate_every = 1;  // epochs
  LearningRateSchedule learning_rate;
  double weight_decay = 1e-5;
  StoppingRule stopping;
  SplitOptions split;
  uint64_t seed = 0;
  int threads = 0;
  int64_t loader_threads = 2;
  std::filesystem::path cache;  // empty: no cache
  DeviceOptions device;
  std::filesystem::path init;  // empty: PyTorch's default initialisation
  Precision precision = Precision::fp32;
  MemoryMode mode;
  OptimiserStep optimiser_step = OptimiserStep::separate;
  int64_t monitor_reconstruction = 0;  // steps between checks; 0: none
  TraceRequest trace;
  bool resume = false;      // whether to continue the run in `out`
  bool tensorboard = true;  // whether to write event files
  int64_t previews = 3;     // validation cases to draw

  // Returns whether some cases may be kept for validation.
  bool validates() const { return split.folds > 0 || !split.file.empty() || split.validation_fraction > 0; }
  // Returns the settings for the plan of a run of so many steps.
  MemorySettings memory(int64_t steps) const;
};

}  // namespace revunet

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
#include "models/training/samples/samples.h"
#include "models/training/samples/split.h"

namespace revunet {

class Communicator;

struct TrainOptions {
  std::filesystem::path out;  // the run folder
  io::TaskPointer task = io::brats_task();
  io::Background background;
  UNetConfig network;
  io::VolumeSize size = {160, 192, 160};  // field of view (x, y, z) that cases are cropped or padded to
  std::optional<io::VolumeSize> patch;    // none: samples are the whole field of view
  // Each case's field of view is its own box of voxels that are not 0, at least `patch` and at most `size`, in place of
  // `size` for all. Patches, and validation by patches, then see none of what would only be padding.
  bool own_fields = false;
  double foreground = 0.5;  // share of patches placed on a region
  ForegroundBy foreground_by = ForegroundBy::voxel;
  ValidationPass validate_by = ValidationPass::whole;  // patches: overlapping ones of `patch`
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
  bool resume = false;                // whether to continue the run in `out`
  Communicator* processes = nullptr;  // that train together; nullptr: this one alone
  int64_t planned_processes = 1;      // what a plan shows where there are no others yet
  bool tensorboard = true;            // whether to write event files
  int64_t previews = 3;               // validation cases to draw

  // Returns whether some cases may be kept for validation.
  bool validates() const { return split.folds > 0 || !split.file.empty() || split.validation_fraction > 0; }
  // Returns the least size of a case's field of view where each has its own.
  std::optional<io::Size3> least_field() const {
    return own_fields ? std::optional(patch.value_or(size).axes()) : std::nullopt;
  }
  // Returns what samples are resampled from where they are augmented.
  io::VolumeSize augmented_from() const;
  // Returns the size of what a pass of validation sees.
  io::VolumeSize seen_in_validation() const {
    return validate_by == ValidationPass::patches ? patch.value_or(size) : size;
  }
  // Returns a text such as "patches of 64,64,64", or nothing where passes of validation see whole fields of view.
  // Scores of different texts cannot be compared.
  std::string validated_patches() const;
  // Returns the settings for the plan of a run of so many steps. Without a number, the run has `max_steps`, or as many
  // as plans need at least.
  MemorySettings memory(int64_t steps) const;
  MemorySettings memory() const { return memory(max_steps > 0 ? max_steps : 2); }
};

}  // namespace revunet

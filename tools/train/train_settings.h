// This file has the settings of revunet-train, and the table of its options.
//
// To add an option, add a row in train_settings.cpp that sets a member of TrainOptions, or of TrainSettings where the
// trainer need not know about it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/plan/mode_choice.h"
#include "models/training/samples/checked_split.h"
#include "models/training/train_options.h"
#include "tools/common/compute_options.h"
#include "tools/common/dataset_options.h"

namespace revunet::tools {

enum class Augmentation { none, paper, strong };

// DatasetFacts are what cases tell of themselves where they decide what is open.
struct DatasetFacts {
  io::Size3 median_extent{};             // voxels of the median case
  int64_t training = 0, validation = 0;  // cases
};

struct TrainSettings {
  TrainSettings() { run.network.channels.clear(); }  // empty until the network is known, which has its own

  TrainOptions run;    // what the trainer is given
  DatasetChoice data;  // whose labels are those of `labels` or of `task`
  std::optional<io::LabelProfile> labels;
  std::string patients;  // what io::Patients takes; empty: by known names
  Augmentation augment = Augmentation::none;
  AugmentationRanges ranges;
  DeviceSettings device;
  std::vector<HalvedAxes> halve;  // by each step between levels, as given; none: all axes by all steps
  io::Resampling resampling = {.kind = io::Resampling::Kind::automatic};  // its spacing; automatic: as the task says
  std::optional<io::Interpolation> interpolation;                         // none: as the task says
  ModeChoice modes;                                                       // the program chooses what is open
  std::optional<size_t> memory_budget;                                    // bytes
  std::optional<io::VolumeSize> size = TrainOptions{}.size;               // none: auto, until the cases decide it
  std::optional<DatasetFacts> facts;  // none: the cases decide nothing but the task and `size`
  std::string protocol = "none";
  std::vector<std::string> choices;            // what the dataset decides, each with its reason
  std::vector<std::string> warnings;           // about the dataset
  std::filesystem::path config, resume, task;  // task: the file that describes it; empty: the dataset does
  bool flip_axes_known = false;  // whether the task's file says along which axes the anatomy may be mirrored
  bool plan = false;
  int64_t processes = 0;  // to start on this machine; 0: those of a launcher, or this one alone

  // Returns the ranges of `augment`, or nothing where samples stay as they are.
  std::optional<AugmentationRanges> augmentation() const {
    if (augment == Augmentation::none) return std::nullopt;
    AugmentationRanges result = ranges;
    result.strong = augment == Augmentation::strong;
    return result;
  }
};

// settings outlives the table.
OptionTable train_options(TrainSettings& settings);

}  // namespace revunet::tools

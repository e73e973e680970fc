// This file has the settings of revunet-predict, and the table of its options.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset/loose_files.h"
#include "models/inference/ensemble.h"
#include "models/inference/field_of_view.h"
#include "tools/common/compute_options.h"
#include "tools/common/dataset_options.h"

namespace revunet::tools {

struct PredictSettings {
  std::vector<std::filesystem::path> weights;
  std::filesystem::path data, task, out;
  io::LooseFiles loose{.images = std::vector<std::filesystem::path>(io::brats_task()->modalities().size()), .name = {}};
  FieldOfViewOptions view;
  std::optional<int64_t> keep_components;
  double min_component_volume = 0;
  MirrorAxes mirror{};
  std::optional<io::LabelProfile> labels;  // none: as the layout says
  io::CheckLevel check = io::CheckLevel::full;
  io::MissingModality missing_modality = io::MissingModality::refused;
  bool probabilities = false, overlay = false, skip_existing = false, skip_bad = false;
  Precision precision = Precision::fp32;
  int threads = 0;
  int64_t processes = 0;  // to start on this machine; 0: those of a launcher, or this one alone
  DeviceSettings device;
};

// settings outlives the table.
OptionTable predict_options(PredictSettings& settings);

}  // namespace revunet::tools

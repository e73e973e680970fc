// This file finds what the numbers in a reference's segmentation stand for, and where that is said.
//
// Non-obvious rule: it goes by the file alone, its name and the dataset.json around it, so that a pair scores the same
// whether it is passed as files or as folders. Where nothing says it, nothing is assumed.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "io/dataset/label_profile.h"

namespace revunet::io {

struct ReferenceLabels {
  LabelProfile profile;
  std::string from;  // "--labels", "--task", "dataset.json" or "file name"
};

class ReferenceLabelling {
 public:
  // option is --labels, which overrides everything else.
  explicit ReferenceLabelling(std::optional<LabelProfile> option) : option_(std::move(option)) {}

  // Returns the labels of one file, as a layout of datasets gives them for its folder, otherwise as its name does
  // (io/dataset/layouts/dataset_layout.h). Throws DataError where neither gives them. That also holds for cases of
  // BraTS-PEDs, whose numbers changed from 2023 to 2024.
  ReferenceLabels of(const std::filesystem::path& file);

  // Says that a folder's files have these labels, by a dataset.json that lists them.
  void add_listed(const std::filesystem::path& folder, const LabelProfile& labels) {
    of_folders_.insert_or_assign(folder, labels);
  }

 private:
  std::optional<LabelProfile> option_;
  std::map<std::filesystem::path, std::optional<LabelProfile>> of_folders_;  // each folder is asked once
};

}  // namespace revunet::io

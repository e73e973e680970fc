// What the numbers in a reference's segmentation stand for, and what says so.
//
// Non-obvious rule: it goes by the file alone, its name and the dataset.json around it, so that a pair scores the same
// whether it is passed as files or lies in folders that are. Where nothing says it, nothing is assumed.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "io/dataset/label_profile.h"

namespace revunet::io {

struct ReferenceLabels {
  LabelProfile profile = LabelProfile::brats();
  std::string from;  // "--labels", "dataset.json" or "file name"
};

class ReferenceLabelling {
 public:
  // option: --labels, which goes before everything else.
  explicit ReferenceLabelling(std::optional<LabelProfile> option) : option_(std::move(option)) {}

  // The labels of one file: those of the dataset.json in its folder, or next to its folder where that is called
  // labels..., as in a Decathlon or nnU-Net dataset; else by its name, BraTS 2018-2021 for _seg and BraTS 2023 for
  // -seg. DataError where neither says it: that also holds for BraTS-PED-...-seg, whose numbers changed from 2023 to
  // 2024.
  ReferenceLabels of(const std::filesystem::path& file);

 private:
  std::optional<LabelProfile> option_;
  std::map<std::filesystem::path, LabelProfile> described_;  // by the folder of dataset.json: each is read once
};

}  // namespace revunet::io

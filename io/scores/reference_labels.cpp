#include "io/scores/reference_labels.h"

#include <vector>

#include <fmt/ranges.h>

#include "engine/error.h"
#include "io/dataset/layouts/dataset_layout.h"
#include "io/dataset/layouts/image_files.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;

std::optional<LabelProfile> labels_of_folder(const fs::path& folder) {
  for (const DatasetLayout* layout : dataset_layouts()) {
    const auto labels = layout->labels_of_folder ? layout->labels_of_folder(folder) : std::nullopt;
    if (labels) return labels;
  }
  return std::nullopt;
}

std::optional<LabelProfile> labels_of_name(const std::string& stem) {
  for (const DatasetLayout* layout : dataset_layouts()) {
    const auto labels = layout->labels_of_name ? layout->labels_of_name(stem) : std::nullopt;
    if (labels) return labels;
  }
  return std::nullopt;
}

}  // namespace

ReferenceLabels ReferenceLabelling::of(const fs::path& file) {
  if (option_) return {*option_, is_brats(*option_->task()) ? "`labels`" : "`task`"};
  const fs::path folder = fs::absolute(file).lexically_normal().parent_path();
  auto known = of_folders_.find(folder);
  if (known == of_folders_.end()) {
    auto labels = labels_of_folder(folder);
    if (!labels) labels = labels_of_folder(fs::canonical(folder));  // a link to the labels of a dataset
    known = of_folders_.emplace(folder, labels).first;
  }
  if (known->second) return {*known->second, "dataset.json"};
  const std::string stem = image_stem(file).value_or("");
  if (const auto profile = labels_of_name(stem)) return {*profile, "file name"};
  std::vector<std::string> names;
  for (const LabelProfile& profile : LabelProfile::named()) names.push_back(profile.name());
  throw DataError(fmt::format(
      "[{}] expected a name or a dataset.json that says what the labels are, got {}; say it with `labels`: {}, or give "
      "the task's file with `task`",
      file.string(), has_two_conventions(stem) ? "BraTS-PED, where 2023 and 2024 differ" : "neither",
      fmt::join(names, ", ")));
}

}  // namespace revunet::io

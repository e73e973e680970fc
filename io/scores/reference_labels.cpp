#include "io/scores/reference_labels.h"

#include <vector>

#include <fmt/ranges.h>

#include "engine/error.h"
#include "io/dataset/layouts/dataset_json.h"
#include "io/dataset/layouts/layouts.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;

bool has_description(const fs::path& folder) {
  return fs::exists(folder / "dataset.json");
}

// The folder of the dataset.json that describes the segmentations in `folder`.
std::optional<fs::path> description_of(const fs::path& folder) {
  if (has_description(folder)) return folder;
  if (folder.filename().string().starts_with("labels") && has_description(folder.parent_path())) {
    return folder.parent_path();
  }
  return std::nullopt;
}

bool is_paediatric(const std::string& stem) {
  return stem.starts_with("BraTS-PED-") && stem.ends_with("-seg");
}

std::optional<LabelProfile> profile_by_name(const std::string& stem) {
  if (is_paediatric(stem)) return std::nullopt;
  if (stem.ends_with("-seg")) return LabelProfile::brats2023();
  // One segmentation of BraTS 2020 is called Segm.
  if (stem.ends_with("_seg") || stem.ends_with("_Segm")) return LabelProfile::brats();
  return std::nullopt;
}

}  // namespace

ReferenceLabels ReferenceLabelling::of(const fs::path& file) {
  if (option_) return {*option_, "--labels"};
  const fs::path folder = fs::canonical(fs::absolute(file).parent_path());
  if (const auto root = description_of(folder)) {
    if (!described_.contains(*root)) described_.emplace(*root, read_dataset_json(*root, {}).labels);
    return {described_.at(*root), "dataset.json"};
  }
  const std::string stem = image_stem(file).value_or("");
  if (const auto profile = profile_by_name(stem)) return {*profile, "file name"};
  std::vector<std::string> names;
  for (const LabelProfile& profile : LabelProfile::named()) names.push_back(profile.name());
  throw DataError(fmt::format(
      "[{}] expected a name or a dataset.json that says what the labels are, got {}; say it with --labels: {}",
      file.string(), is_paediatric(stem) ? "BraTS-PED, where 2023 and 2024 differ" : "neither",
      fmt::join(names, ", ")));
}

}  // namespace revunet::io

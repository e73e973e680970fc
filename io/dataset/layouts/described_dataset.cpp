#include "io/dataset/layouts/described_dataset.h"

#include <set>

#include "engine/error.h"
#include "io/dataset/layouts/case_folder.h"
#include "io/dataset/layouts/image_files.h"
#include "io/dataset/layouts/scan_parts.h"

namespace revunet::io {

namespace fs = std::filesystem;

std::optional<DescribedImages> described_images(const fs::path& path, const std::optional<LabelProfile>& labels) {
  expect_no_broken_link(path / "dataset.json");
  if (fs::exists(path / "dataset.json")) return DescribedImages{path, path / "imagesTr"};
  if (path.filename().string().starts_with("images") && fs::exists(path.parent_path() / "dataset.json")) {
    return DescribedImages{path.parent_path(), path};
  }
  const bool task_known = labels && !is_brats(*labels->task());
  if (task_known && find_image_below(path, 0) && !CaseFolder(path).has_own_names()) return DescribedImages{{}, path};
  return std::nullopt;
}

DatasetJson description_of(const DescribedImages& described, const std::optional<LabelProfile>& labels) {
  if (!described.root.empty()) return read_dataset_json(described.root, labels);
  DatasetJson description{.channel_of = {}, .labels = labels.value()};
  description.channels = std::ssize(labels->task()->modalities());
  for (size_t m = 0; m < labels->task()->modalities().size(); ++m) {
    description.channel_of.push_back(static_cast<int64_t>(m));
  }
  return description;
}

std::string hint_at_description(const fs::path& path) {
  if (!has_entry(path / "imagesTr") && !has_entry(path / "imagesTs")) return "";
  return "imagesTr or imagesTs without a dataset.json; add the file, which names channels and labels";
}

namespace {

bool has_description(const fs::path& folder) {
  return fs::exists(folder / "dataset.json");
}

// Returns whether this is a folder of labels whose dataset.json lies next to it.
bool is_described_labels_folder(const fs::path& folder) {
  return folder.filename().string().starts_with("labels") && has_description(folder.parent_path());
}

}  // namespace

std::optional<fs::path> described_segmentations(const fs::path& path) {
  if (has_description(path) && fs::is_directory(path / "labelsTr")) return path / "labelsTr";
  return is_described_labels_folder(path) ? std::optional(path) : std::nullopt;
}

std::map<std::string, fs::path> listed_segmentations(const fs::path& root) {
  std::map<std::string, fs::path> found;
  if (!has_description(root)) return found;
  for (const auto& [name, files] : read_listed_cases(root)) found.emplace(name, files.label);
  return found;
}

std::optional<LabelProfile> described_labels(const fs::path& folder) {
  if (has_description(folder)) return read_dataset_json(folder, {}).labels;
  if (is_described_labels_folder(folder)) return read_dataset_json(folder.parent_path(), {}).labels;
  return std::nullopt;
}

fs::path labels_folder(const fs::path& images) {
  return images.parent_path() / ("labels" + images.filename().string().substr(std::string_view("images").size()));
}

void add_segmentations(DatasetScan& scan, const fs::path& images) {
  if (!images.filename().string().starts_with("images")) return;  // no folder of labels belongs to it
  const fs::path labels = labels_folder(images);
  const bool labelled = images.filename() == "imagesTr";
  try {
    expect_no_broken_link(labels);
  } catch (const DataError& e) {
    return add_problem(scan, DatasetProblem::Kind::layout, "", e.what());
  }
  std::set<std::string> names;
  for (CaseFiles& files : scan.cases) {
    const bool first = names.insert(files.name).second;  // the problem of a name is reported once
    try {
      files.segmentation = find_image(labels, files.name);
    } catch (const DataError& e) {
      if (first) add_problem(scan, DatasetProblem::Kind::layout, files.name, e.what());
      continue;
    }
    if (files.segmentation || !labelled || !first) continue;
    add_problem(scan, DatasetProblem::Kind::missing, files.name,
                fmt::format("[{}] expected the segmentation {}.nii.gz (or .nii), got none; add it, or move the images "
                            "to imagesTs",
                            labels.string(), files.name));
  }
  if (!fs::is_directory(labels)) return;
  for (const fs::path& entry : sorted_entries(labels)) {
    const auto stem = image_stem(entry);
    if (!stem || names.contains(*stem)) continue;
    const std::string without_number = stem->ends_with("_0000") ? stem->substr(0, stem->size() - 5) : "";
    add_problem(
        scan, DatasetProblem::Kind::missing, *stem,
        fmt::format("[{}] expected images of this segmentation in {}, got none; {}", entry.string(), images.string(),
                    names.contains(without_number)
                        ? fmt::format("call it {}, without the number of a channel", without_number)
                        : "add them or move it away"));
  }
}

void compare_count(DatasetScan& scan, const fs::path& images, std::optional<int64_t> training_cases) {
  if (images.filename() != "imagesTr" || !training_cases) return;
  std::set<std::string> names;
  for (const CaseFiles& files : scan.cases) names.insert(files.name);
  if (*training_cases == std::ssize(names)) return;
  add_problem(
      scan, DatasetProblem::Kind::missing, "",
      fmt::format("[{}] expected {} cases, numTraining of dataset.json, got {}; add what is missing, or fix the "
                  "number",
                  images.string(), *training_cases, names.size()));
}

}  // namespace revunet::io

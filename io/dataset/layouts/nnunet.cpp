// nnU-Net's raw datasets have imagesTr/<case>_0000.nii.gz to _0003, one file per modality, and labelsTr/<case>.nii.gz.
#include <map>
#include <regex>

#include "engine/error.h"
#include "io/dataset/layouts/dataset_json.h"
#include "io/dataset/layouts/dataset_layout.h"
#include "io/dataset/layouts/described_dataset.h"
#include "io/dataset/layouts/image_files.h"
#include "io/dataset/layouts/scan_parts.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;

struct CaseAndChannel {
  std::string name;
  int64_t channel;
};

std::optional<CaseAndChannel> split_name(const std::string& stem) {
  static const std::regex numbered("(.+)_([0-9]{4})");
  std::smatch match;
  if (!std::regex_match(stem, match, numbered)) return std::nullopt;
  return CaseAndChannel{match[1], std::stoll(match[2])};
}

// Returns the names of all cases that have at least one file. Other images are problems.
std::map<std::string, CaseFiles> case_names(const fs::path& images, const LabelProfile& labels, DatasetScan& scan) {
  std::map<std::string, CaseFiles> cases;
  for (const fs::path& entry : sorted_entries(images)) {
    const auto stem = image_stem(entry);
    if (!stem) continue;
    const auto parts = split_name(*stem);
    if (parts && parts->channel < std::ssize(labels.task()->modalities())) {
      cases.try_emplace(parts->name, parts->name, labels);
    } else {
      add_problem(scan, DatasetProblem::Kind::layout, parts ? parts->name : *stem,
                  fmt::format("[{}] expected <case>_0000 to <case>_0003, the channels of dataset.json, got {}; rename "
                              "it or move it away",
                              entry.string(), entry.filename().string()));
    }
  }
  return cases;
}

bool is_nnunet(const fs::path& folder) {
  const auto described = described_images(folder);
  if (!described || !fs::is_directory(described->images)) return false;
  for (const fs::path& entry : sorted_entries(described->images)) {
    const auto stem = image_stem(entry);
    if (stem && stem->ends_with("_0000")) return true;
  }
  return false;
}

DatasetScan scan_nnunet(const fs::path& folder, const std::optional<LabelProfile>& labels) {
  const auto [root, images] = described_images(folder).value();
  const DatasetJson description = read_dataset_json(root, labels);
  DatasetScan scan;
  scan.relabelled = description.contradiction;
  for (auto& [name, files] : case_names(images, description.labels, scan)) {
    std::vector<std::string> missing;
    for (size_t m = 0; m < files.modalities.size(); ++m) {
      const std::string stem = fmt::format("{}_{:04}", name, description.channel_of[m]);
      try {
        const auto found = find_image(images, stem);
        if (found) files.modalities[m].path = *found;
        if (!found) missing.push_back(fmt::format("{} ({})", stem, files.task()->modalities()[m]));
      } catch (const DataError& e) {
        add_problem(scan, DatasetProblem::Kind::layout, name, e.what());
      }
    }
    if (!missing.empty()) {
      add_missing_modalities(scan, files,
                             fmt::format("[{}] expected {}_0000.nii.gz to _0003, got no {}", images.string(), name,
                                         fmt::join(missing, ", no ")));
    }
    add_case(scan, std::move(files), images);
  }
  add_segmentations(scan, images);
  for (const CaseFiles& files : scan.cases) try {
      expect_distinct(files);
    } catch (const DataError& e) {
      add_problem(scan, DatasetProblem::Kind::layout, files.name, e.what());
    }
  compare_count(scan, images, description.training_cases);
  return scan;
}

}  // namespace

extern const DatasetLayout nnunet = {
    .name = "nnU-Net",
    .datasets = "nnU-Net",
    .looks_like = [] { return std::string("imagesTr/<case>_0000.nii.gz to _0003 with a dataset.json"); },
    .is_layout_of = is_nnunet,
    .scan = scan_nnunet,
    .hint = hint_at_description,
    .segmentations = described_segmentations,
    .labels_of_folder = described_labels,
    .labels_of_name = nullptr,
};

}  // namespace revunet::io

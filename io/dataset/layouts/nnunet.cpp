// nnU-Net's raw datasets have imagesTr/<case>_0000.nii.gz, _0001, ..., one file per modality, and
// labelsTr/<case>.nii.gz, or a dataset.json that names each case's files.
#include <map>
#include <regex>

#include "engine/error.h"
#include "io/dataset/layouts/dataset_layout.h"
#include "io/dataset/layouts/described_dataset.h"
#include "io/dataset/layouts/image_files.h"
#include "io/dataset/layouts/scan_parts.h"
#include "io/files/json_file.h"

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

// Returns "_0000" and, with several channels, the ending of the last.
std::vector<std::string> endings(int64_t channels) {
  std::vector<std::string> first_and_last = {"_0000"};
  if (channels > 1) first_and_last.push_back(fmt::format("_{:04}", channels - 1));
  return first_and_last;
}

// Throws DataError where a file that dataset.json names is not there, or is no image.
void expect_listed(const fs::path& file, const std::string& case_name) {
  REVUNET_EXPECTS(has_entry(file), DataError,
                  "[{}] expected the file that dataset.json names for case {}, got none; add it or fix the path",
                  file.string(), case_name);
  expect_image_file(file);
}

// Returns the names of all cases that have at least one file. Other images are problems.
std::map<std::string, CaseFiles> case_names(const fs::path& images, const DatasetJson& description, DatasetScan& scan) {
  std::map<std::string, CaseFiles> cases;
  for (const fs::path& entry : sorted_entries(images)) {
    const auto stem = image_stem(entry);
    if (!stem) continue;
    const auto parts = split_name(*stem);
    if (parts && parts->channel < description.channels) {
      cases.try_emplace(parts->name, parts->name, description.labels);
    } else {
      add_problem(scan, DatasetProblem::Kind::layout, parts ? parts->name : *stem,
                  fmt::format("[{}] expected <case>{}, the channels of dataset.json, got {}; rename it or move it away",
                              entry.string(), fmt::join(endings(description.channels), " to <case>"),
                              entry.filename().string()));
    }
  }
  return cases;
}

// Adds the cases that dataset.json names, with their files.
void add_listed(DatasetScan& scan, const DatasetJson& description, const fs::path& root) {
  for (const auto& [name, listed] : description.listed) {
    CaseFiles files(name, description.labels);
    const auto count = static_cast<size_t>(description.channels);
    if (listed.images.size() != count) {
      add_problem(scan, DatasetProblem::Kind::missing, name,
                  fmt::format("[{}] expected {} images of case {}, one per channel, got {}; fix dataset.json",
                              root.string(), count, name, listed.images.size()));
      continue;
    }
    try {
      for (size_t m = 0; m < files.modalities.size(); ++m) {
        files.modalities[m].path = listed.images[static_cast<size_t>(description.channel_of[m])];
        expect_listed(files.modalities[m].path, name);
      }
      expect_listed(listed.label, name);
      files.segmentation = listed.label;
    } catch (const DataError& e) {
      add_problem(scan, DatasetProblem::Kind::missing, name, e.what());
      continue;
    }
    add_case(scan, std::move(files), root);
  }
}

bool lists_cases(const fs::path& folder) {
  const nlohmann::json description = read_json_file(folder / "dataset.json");
  const auto listed = description.find("dataset");
  return listed != description.end() && listed->is_object() && !listed->empty();
}

// Images of one channel may be called scan_0000, scan_0001 and so on, as in the Decathlon. Then a name has a number
// other than 0000, or is that of a segmentation.
bool numbers_are_of_cases(const fs::path& images, const std::vector<std::string>& stems) {
  const bool labelled = images.filename().string().starts_with("images");
  const auto is_segmented = [&](const std::string& name) {
    return labelled && find_image(labels_folder(images), name);
  };
  return std::ranges::any_of(stems, [&](const std::string& stem) {
    const auto parts = split_name(stem);
    return parts && (is_segmented(stem) || (parts->channel > 0 && !is_segmented(parts->name)));
  });
}

bool is_nnunet(const fs::path& folder, const std::optional<LabelProfile>& labels) {
  const auto described = described_images(folder, labels);
  if (!described) return false;
  if (described->root == folder && lists_cases(folder)) return true;
  if (!fs::is_directory(described->images)) return false;
  std::vector<std::string> stems;
  for (const fs::path& entry : sorted_entries(described->images)) {
    if (const auto stem = image_stem(entry)) stems.push_back(*stem);
  }
  if (std::ranges::none_of(stems, [](const std::string& stem) { return stem.ends_with("_0000"); })) return false;
  return description_of(*described, labels).channels > 1 || !numbers_are_of_cases(described->images, stems);
}

// Adds the cases of a folder of images.
void add_folder(DatasetScan& scan, const DatasetJson& description, const fs::path& images) {
  for (auto& [name, files] : case_names(images, description, scan)) {
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
      const std::vector<std::string> ends = endings(description.channels);
      add_missing_modalities(scan, files,
                             fmt::format("[{}] expected {}{}.nii.gz{}, got no {}", images.string(), name, ends[0],
                                         ends.size() > 1 ? " to " + ends[1] : "", fmt::join(missing, ", no ")));
    }
    add_case(scan, std::move(files), images);
  }
  add_segmentations(scan, images);
}

DatasetScan scan_nnunet(const fs::path& folder, const std::optional<LabelProfile>& labels) {
  const DescribedImages described = described_images(folder, labels).value();
  const DatasetJson description = description_of(described, labels);
  DatasetScan scan;
  scan.task_note = description.task_note;
  const bool listed = described.root == folder && !description.listed.empty();
  if (listed) {
    add_listed(scan, description, described.root);
  } else {
    add_folder(scan, description, described.images);
  }
  for (const CaseFiles& files : scan.cases) try {
      expect_distinct(files);
    } catch (const DataError& e) {
      add_problem(scan, DatasetProblem::Kind::layout, files.name, e.what());
    }
  compare_count(scan, described.images, description.training_cases);
  return scan;
}

}  // namespace

extern const DatasetLayout nnunet = {
    .name = "nnU-Net",
    .datasets = "nnU-Net",
    .looks_like = [] { return std::string("imagesTr/<case>_0000.nii.gz, a file per channel, with a dataset.json"); },
    .is_layout_of = is_nnunet,
    .scan = scan_nnunet,
    .hint = hint_at_description,
    .segmentations = described_segmentations,
    .labels_of_folder = described_labels,
    .labels_of_name = nullptr,
};

}  // namespace revunet::io

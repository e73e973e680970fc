// BraTS: a folder a case, named like it, with a file for each modality.
#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "engine/error.h"
#include "io/layouts/layouts.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;

struct Naming {
  const char* layout;
  char separator;
  std::array<const char*, modality_count> suffixes;  // of modality_names
  const LabelProfile& labels;
};

// 2024 names its files as 2023 does and has other labels, so that only the user can tell them apart.
const std::array<Naming, 2>& namings() {
  static const std::array<Naming, 2> all = {
      Naming{"BraTS 2018-2021", '_', {"t1", "t1ce", "t2", "flair"}, LabelProfile::brats()},
      Naming{"BraTS 2023-2024", '-', {"t1n", "t1c", "t2w", "t2f"}, LabelProfile::brats2023()},
  };
  return all;
}

constexpr std::array<const char*, 2> grade_folders = {"HGG", "LGG"};  // BraTS 2018 and 2019 sort cases by grade

// BraTS 2020 ships one segmentation under another name than the rest.
constexpr std::string_view odd_case = "BraTS20_Training_355", odd_segmentation = "W39_1998.09.19_Segm";

std::optional<fs::path> find_image(const fs::path& folder, const Naming& naming, const std::string& suffix) {
  return io::find_image(folder, folder.filename().string() + naming.separator + suffix);
}

std::optional<fs::path> find_segmentation(const fs::path& folder, const Naming& naming) {
  const auto found = find_image(folder, naming, "seg");
  if (folder.filename() != odd_case) return found;
  const auto odd = io::find_image(folder, std::string(odd_segmentation));
  REVUNET_EXPECTS(!(found && odd), DataError, "[{}] expected one segmentation, got {} and {}; remove one of them",
                  folder.string(), found->filename().string(), odd->filename().string());
  return found ? found : odd;
}

// Whether a name of the naming's is there, whatever it is.
bool has_names_of(const Naming& naming, const fs::path& folder) {
  const std::string start = folder.filename().string() + naming.separator;
  const auto has = [&](const std::string& suffix) {
    return has_entry(folder / (start + suffix + ".nii")) || has_entry(folder / (start + suffix + ".nii.gz"));
  };
  return has("seg") || std::any_of(naming.suffixes.begin(), naming.suffixes.end(), has);
}

// The first whose names the folder has. null for none.
const Naming* naming_of(const fs::path& folder) {
  for (const Naming& naming : namings()) {
    if (has_names_of(naming, folder)) return &naming;
  }
  return nullptr;
}

void expect_one_naming(const fs::path& folder) {
  const auto& [a, b] = namings();
  REVUNET_EXPECTS(!(has_names_of(a, folder) && has_names_of(b, folder)), DataError,
                  "[{}] expected the names of {} or of {}, got both, whose labels differ; keep one of them",
                  folder.string(), a.layout, b.layout);
}

// A labelled case must not pass for unlabelled.
void expect_no_misnamed_segmentation(const fs::path& folder, const Naming& naming) {
  for (const fs::path& entry : sorted_entries(folder)) {
    std::string name = entry.filename().string();
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    REVUNET_EXPECTS(
        !image_stem(name) || name.find("seg") == std::string::npos, DataError,
        "[{}] expected the segmentation to be named {}{}seg.nii.gz (or .nii), got {}; rename it, or move it "
        "away if it is none",
        folder.string(), folder.filename().string(), naming.separator, entry.filename().string());
  }
}

void scan_modalities(CaseFiles& files, const fs::path& folder, const Naming& naming, DatasetScan& scan) {
  std::vector<std::string> missing;
  for (size_t i = 0; i < naming.suffixes.size(); ++i) try {
      const auto found = find_image(folder, naming, naming.suffixes[i]);
      if (found) files.modalities[i].path = *found;
      if (!found) missing.push_back(naming.suffixes[i]);
    } catch (const DataError& e) {
      add_problem(scan, DatasetProblem::Kind::layout, files.name, e.what());
    }
  if (missing.empty()) return;
  add_missing_modalities(
      scan, files,
      fmt::format("[{}] expected {}{}{{{}}}.nii.gz (or .nii), got no {}", folder.string(), files.name, naming.separator,
                  fmt::join(naming.suffixes, ","), fmt::join(missing, ", no ")));
}

// Whether its segmentation is known: its file, or that there is none.
bool scan_case(const fs::path& folder, const Naming& naming, const std::optional<LabelProfile>& labels,
               DatasetScan& scan) {
  bool known = true;
  CaseFiles files{.name = folder.filename().string(),
                  .modalities = {},
                  .segmentation = {},
                  .labels = labels.value_or(naming.labels)};
  try {
    expect_one_naming(folder);
    scan_modalities(files, folder, naming, scan);
    files.segmentation = find_segmentation(folder, naming);
    if (!files.segmentation) expect_no_misnamed_segmentation(folder, naming);
    expect_distinct(files);
  } catch (const DataError& e) {
    add_problem(scan, DatasetProblem::Kind::layout, files.name, e.what());
    known = false;
  }
  add_case(scan, std::move(files), folder);
  return known;
}

// Sorted folders inside `folder`.
std::vector<fs::path> folders_in(const fs::path& folder, DatasetScan& scan) {
  std::vector<fs::path> folders;
  for (const fs::path& entry : sorted_entries(folder)) try {
      expect_no_broken_link(entry);
      if (fs::is_directory(entry)) folders.push_back(entry);
    } catch (const DataError& e) {
      add_problem(scan, DatasetProblem::Kind::layout, entry.filename().string(), e.what());
    }
  return folders;
}

// The folders that must be cases.
std::vector<fs::path> case_folders(const fs::path& root, DatasetScan& scan) {
  if (naming_of(root)) return {root};
  std::vector<fs::path> cases;
  for (const fs::path& folder : folders_in(root, scan)) {
    if (std::find(grade_folders.begin(), grade_folders.end(), folder.filename()) == grade_folders.end()) {
      cases.push_back(folder);
    } else {
      const std::vector<fs::path> graded = folders_in(folder, scan);
      cases.insert(cases.end(), graded.begin(), graded.end());
    }
  }
  return cases;
}

// Told once, for all cases. Those without a segmentation too: predictions have the labels that theirs would have.
void expect_known_labels(const std::vector<fs::path>& folders, DatasetScan& scan) {
  try {
    for (const fs::path& folder : folders) expect_one_convention(folder.filename().string(), folder);
  } catch (const DataError& e) {
    add_problem(scan, DatasetProblem::Kind::labels, "", e.what());
  }
}

// Training data of which some is not there, unless it is on purpose.
void add_missing_segmentations(DatasetScan& scan, const std::set<std::string>& unknown) {
  const auto unlabelled =
      std::count_if(scan.cases.begin(), scan.cases.end(), [](const CaseFiles& files) { return !files.segmentation; });
  if (unlabelled == std::ssize(scan.cases)) return;
  for (const CaseFiles& files : scan.cases) {
    if (files.segmentation || unknown.contains(files.name)) continue;
    add_problem(scan, DatasetProblem::Kind::segmentation, files.name,
                fmt::format("[{}] expected a segmentation, as {} of {} cases have one, got none; add it, or keep cases "
                            "without in a folder of their own",
                            files.name, std::ssize(scan.cases) - unlabelled, scan.cases.size()));
  }
}

}  // namespace

DatasetScan scan_brats_folders(const fs::path& root, const std::optional<LabelProfile>& labels) {
  DatasetScan scan;
  const std::vector<fs::path> folders = case_folders(root, scan);
  // A folder without any image is told the names of the first that has some.
  const Naming* usual = nullptr;
  for (size_t i = 0; i < folders.size() && !usual; ++i) usual = naming_of(folders[i]);
  if (!usual) usual = &namings()[0];
  scan.layout = usual->layout;
  if (!labels) expect_known_labels(folders, scan);
  std::set<std::string> unknown;  // cases about whose segmentation something else is said
  for (const fs::path& folder : folders) {
    const Naming* own = naming_of(folder);
    if (!scan_case(folder, own ? *own : *usual, labels, scan)) unknown.insert(folder.filename().string());
  }
  add_missing_segmentations(scan, unknown);
  return scan;
}

std::optional<SegmentationFile> brats_segmentation(const fs::path& folder) {
  expect_one_naming(folder);
  const Naming* naming = naming_of(folder);
  const auto found = find_segmentation(folder, naming ? *naming : namings()[0]);
  if (!found) return std::nullopt;
  return SegmentationFile{*found, naming ? naming->labels : namings()[0].labels};
}

}  // namespace revunet::io

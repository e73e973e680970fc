// BraTS has a folder per case, with the case's name and a file for each modality. A dataset is such a folder, or a
// folder of them. Some or all of them may lie one deeper, in HGG/ and LGG/. Files next to case folders (.csv tables)
// and hidden entries are ignored. Every other folder with an image in it must be a case.
#include <algorithm>
#include <set>

#include "engine/error.h"
#include "io/dataset/layouts/case_folder.h"
#include "io/dataset/layouts/dataset_layout.h"
#include "io/dataset/layouts/image_files.h"
#include "io/dataset/layouts/scan_parts.h"
#include "io/text/lower_case.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;

// Returns the shape of a name, in which numbers, and all letters after the first word, are replaced, because they
// differ between cases: "BraTS2021_00017" -> "brats0_0", "TCGA-FG-6692" -> "tcga-a-0".
std::string shape_of(const std::string& name) {
  std::string shape;
  bool first_word = true;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isdigit(byte)) {
      if (!shape.ends_with('0')) shape += '0';
    } else if (!std::isalpha(byte)) {
      shape += c;
      first_word = false;
    } else if (first_word) {
      shape += lower_case(c);
    } else if (!shape.ends_with('a')) {
      shape += 'a';
    }
  }
  return shape;
}

// Returns a text such as "; a_T1_brain.nii.gz is there, and not read", with the file that may be meant.
std::string hint_at_others(const CaseFolder& folder, const Naming& naming, const std::vector<size_t>& missing) {
  if (!folder.has_images()) {
    const auto deeper = find_image_below(folder.path());
    return deeper && *deeper != folder.path() ? fmt::format("; images lie deeper, as {}", deeper->string()) : "";
  }
  std::vector<std::string> nearest;
  for (const size_t modality : missing) {
    const std::string name = folder.nearest_to(naming, modality);
    if (!name.empty() && !std::ranges::count(nearest, name)) nearest.push_back(name);
  }
  return nearest.empty() ? "" : fmt::format(" (there, and of another name: {})", fmt::join(nearest, ", "));
}

void note_spelling(const fs::path& found, const CaseFolder& folder, const Naming& naming, const std::string& suffix,
                   DatasetScan& scan) {
  if (image_stem(found) == folder.name() + naming.separator + suffix) return;
  scan.respelled.push_back(fmt::format("{} as {}", found.string(), suffix));
}

void scan_modalities(CaseFiles& files, const CaseFolder& folder, const Naming& naming, DatasetScan& scan) {
  std::vector<size_t> missing;
  std::vector<std::string> names;
  for (size_t i = 0; i < naming.suffixes.size(); ++i) try {
      const auto found = folder.find_modality(naming, i);
      if (found) {
        files.modalities[i].path = *found;
        note_spelling(*found, folder, naming, naming.suffixes[i], scan);
        continue;
      }
      missing.push_back(i);
      names.push_back(naming.suffixes[i]);
    } catch (const DataError& e) {
      add_problem(scan, DatasetProblem::Kind::layout, files.name, e.what());
    }
  if (missing.empty()) return;
  add_missing_modalities(scan, files,
                         fmt::format("[{}] expected {}{}{{{}}}.nii.gz (or .nii), got no {}{}", folder.path().string(),
                                     files.name, naming.separator, fmt::join(naming.suffixes, ","),
                                     fmt::join(names, ", no "), hint_at_others(folder, naming, missing)));
}

// Scans one case. Returns false where an error hides whether it has a segmentation.
bool scan_case(const fs::path& path, const Naming& usual, const std::optional<LabelProfile>& labels,
               DatasetScan& scan) {
  bool known = true;
  CaseFiles files(path.filename().string(), labels.value_or(usual.labels));
  try {
    const CaseFolder folder(path);
    folder.expect_one_naming();
    const Naming& naming = folder.naming() ? *folder.naming() : usual;
    files.labels = labels.value_or(naming.labels);
    scan_modalities(files, folder, naming, scan);
    files.segmentation = folder.find_segmentation(naming);
    if (files.segmentation) note_spelling(*files.segmentation, folder, naming, "seg", scan);
    if (!files.segmentation) folder.expect_no_other_segmentation(naming);
    expect_distinct(files);
  } catch (const DataError& e) {
    add_problem(scan, DatasetProblem::Kind::layout, files.name, e.what());
    known = false;
  }
  add_case(scan, std::move(files), path);
  return known;
}

// Returns the sorted folders inside `folder`.
std::vector<fs::path> folders_in(const fs::path& folder, DatasetScan& scan) {
  std::vector<fs::path> folders;
  for (const fs::path& entry : sorted_entries(folder)) try {
      expect_no_broken_link(entry);
      std::error_code error;
      if (fs::is_directory(entry, error)) folders.push_back(entry);
    } catch (const DataError& e) {
      add_problem(scan, DatasetProblem::Kind::layout, entry.filename().string(), e.what());
    }
  return folders;
}

// Returns whether a folder is a case itself, and not a folder of cases.
bool is_case_folder(const fs::path& root) {
  const CaseFolder folder(root);
  if (folder.has_own_names()) return true;
  // Images of other names may lie next to the cases' folders.
  DatasetScan told_later;
  return folder.has_modality() && std::ranges::none_of(folders_in(root, told_later), [](const fs::path& inside) {
           return find_image_below(inside).has_value();
         });
}

// Returns the folders that must be cases. Others without any image are left out, except for one that is named as the
// cases are, because its images may be lost.
std::vector<fs::path> case_folders(const fs::path& root, DatasetScan& scan) {
  if (is_case_folder(root)) return {root};
  std::vector<fs::path> folders, cases, empty;
  for (const fs::path& folder : folders_in(root, scan)) {
    if (is_grade_folder(folder)) {
      std::ranges::copy(folders_in(folder, scan), std::back_inserter(folders));
    } else {
      folders.push_back(folder);
    }
  }
  std::set<std::string> shapes;
  for (const fs::path& folder : folders) {
    if (!find_image_below(folder)) {
      empty.push_back(folder);
      continue;
    }
    shapes.insert(shape_of(folder.filename().string()));
    cases.push_back(folder);
  }
  for (const fs::path& folder : empty) {
    const std::string shape = shape_of(folder.filename().string());
    const bool numbered = shape.find('0') != std::string::npos;
    if (numbered && shapes.contains(shape)) {
      cases.push_back(folder);
    } else {
      scan.left_out.push_back(folder.string());
    }
  }
  return cases;
}

// Refuses names of two conventions, once for the whole dataset. Cases without a segmentation count too, because
// predictions have the labels that theirs would have.
void expect_known_labels(const std::vector<fs::path>& folders, DatasetScan& scan) {
  try {
    for (const fs::path& folder : folders) expect_one_convention(folder.filename().string(), folder);
  } catch (const DataError& e) {
    add_problem(scan, DatasetProblem::Kind::labels, "", e.what());
  }
}

// Returns null where the folder cannot be read, which the scan of it reports.
const Naming* naming_of(const fs::path& folder) try { return CaseFolder(folder).naming(); } catch (const DataError&) {
  return nullptr;
}

DatasetScan scan_brats_folders(const fs::path& root, const std::optional<LabelProfile>& labels) {
  REVUNET_EXPECTS(
      !labels || is_brats(*labels->task()), DataError,
      "[{}] expected images of the task {}, as <case>_0000.nii.gz, _0001, ... or with a dataset.json, got none; use a "
      "dataset of that task",
      root.string(), describe(*labels->task()));
  DatasetScan scan;
  const std::vector<fs::path> folders = case_folders(root, scan);
  // The message for a folder without any image of a known name lists the names of the first folder that has some.
  const Naming* usual = nullptr;
  for (size_t i = 0; i < folders.size() && !usual; ++i) usual = naming_of(folders[i]);
  if (!usual) usual = &namings()[0];
  scan.layout = usual->layout;
  if (!labels) expect_known_labels(folders, scan);
  std::set<std::string> unknown;  // cases whose segmentation has another problem already
  for (const fs::path& folder : folders) {
    if (!scan_case(folder, *usual, labels, scan)) unknown.insert(folder.filename().string());
  }
  add_missing_segmentations(scan, unknown);
  return scan;
}

std::string looks_like() {
  std::vector<std::string> each;
  for (const Naming& naming : namings()) {
    each.push_back(fmt::format("<case>/<case>{}{{{}}}.nii.gz", naming.separator, fmt::join(naming.suffixes, ",")));
  }
  return fmt::format("{} (or .nii) with an optional segmentation (seg), directly or in HGG/ and LGG/",
                     fmt::join(each, " or "));
}

}  // namespace

extern const DatasetLayout brats_folders = {
    .name = "BraTS",
    .datasets = "BraTS 2018 to 2025",
    .looks_like = looks_like,
    .is_layout_of = [](const fs::path&, const std::optional<LabelProfile>&) { return true; },
    .scan = scan_brats_folders,
    .hint = nullptr,
    .segmentations = nullptr,
    .labels_of_folder = nullptr,
    .labels_of_name = labels_of_segmentation,
};

}  // namespace revunet::io

#include "io/scores/segmentations.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/ranges.h>

#include "engine/error.h"
#include "io/dataset/layouts/case_folder.h"
#include "io/dataset/layouts/dataset_layout.h"
#include "io/dataset/layouts/described_dataset.h"
#include "io/dataset/layouts/image_files.h"
#include "io/dataset/layouts/named_files.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;

// revunet-predict writes <case>_probabilities.nii.gz next to the labels.
bool is_probabilities(const std::string& stem) {
  return stem.ends_with("_probabilities");
}

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

// Refuses a broken link, because its case would be missing from the scores without a word.
void expect_no_broken_link(const fs::path& path) {
  REVUNET_EXPECTS(fs::exists(path), DataError, "[{}] expected a file or folder, got a broken link; fix or remove it",
                  path.string());
}

void add(Segmentations& found, const std::string& name, const fs::path& segmentation) {
  const auto [entry, is_new] = found.emplace(name, segmentation);
  REVUNET_EXPECTS(is_new, DataError, "[{}] expected one segmentation of case {}, got {} as well; remove one of them",
                  segmentation.string(), name, entry->second.string());
}

// Adds the segmentation of a BraTS case's folder. Returns false if there is none.
bool add_case_folder(Segmentations& found, const fs::path& folder) {
  const auto segmentation = brats_segmentation(folder);
  if (segmentation) add(found, folder.filename().string(), *segmentation);
  return segmentation.has_value();
}

// Returns "a_seg.nii.gz or a-seg.nii.gz" for the case a.
std::string names_of_segmentation(const std::string& case_name) {
  std::vector<std::string> names;
  for (const Naming& naming : namings()) names.push_back(case_name + naming.segmentation_ending() + ".nii.gz");
  return fmt::format("{}", fmt::join(names, " or "));
}

void add_folder(Segmentations& found, const fs::path& folder, MissingFile missing) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (is_hidden(entry.path())) continue;
    expect_no_broken_link(entry.path());
    if (!entry.is_directory()) {
      const auto stem = image_stem(entry.path());
      if (!stem || is_probabilities(*stem)) continue;
      add(found, case_of_segmentation(*stem), entry.path());
    } else if (is_grade_folder(entry.path())) {
      add_folder(found, entry.path(), missing);
    } else if (find_image_below(entry.path())) {  // otherwise no case, such as __MACOSX and logs
      const bool complete = add_case_folder(found, entry.path());
      REVUNET_EXPECTS(complete || missing == MissingFile::is_no_case, DataError,
                      "[{}] expected {} in this folder, got none; add it or remove the folder", entry.path().string(),
                      names_of_segmentation(entry.path().filename().string()));
    }
  }
}

// Returns the segmentations that a dataset.json lists. Where none of them is there, it is the copy of another
// dataset's.
Segmentations listed_references(const fs::path& folder) {
  Segmentations found = listed_segmentations(folder);
  if (std::ranges::none_of(found, [](const auto& listed) { return fs::exists(listed.second); })) return {};
  for (const auto& [name, path] : found) {
    REVUNET_EXPECTS(fs::exists(path), DataError,
                    "[{}] expected the segmentation of case {}, which dataset.json names, got none; add it, or fix the "
                    "file",
                    path.string(), name);
  }
  return found;
}

// Returns the folder of segmentations of a dataset whose layout has one.
std::optional<fs::path> dataset_labels(const fs::path& folder) {
  for (const DatasetLayout* layout : dataset_layouts()) {
    const auto labels = layout->segmentations ? layout->segmentations(folder) : std::nullopt;
    if (labels) return labels;
  }
  return std::nullopt;
}

// The labels of segmentations that a dataset.json lists are its own, wherever they lie.
void add_listed_labels(ReferenceLabelling& labelling, const fs::path& reference) {
  const fs::path root = fs::absolute(reference).lexically_normal();
  const Segmentations listed = listed_segmentations(root);
  if (listed.empty()) return;
  const LabelProfile labels = described_labels(root).value();
  for (const auto& [name, path] : listed) labelling.add_listed(path.parent_path(), labels);
}

}  // namespace

Segmentations find_segmentations(const fs::path& path, MissingFile missing) try {
  Segmentations found;
  if (!fs::is_directory(path)) {
    const auto stem = image_stem(path);
    const char* is = fs::exists(path)       ? "a file of another kind"
                     : fs::is_symlink(path) ? "a broken link"
                                            : "nothing there";
    REVUNET_EXPECTS(fs::exists(path) && stem, DataError,
                    "[{}] expected a folder or a .nii or .nii.gz file, got {}; check the path", path.string(), is);
    return {{case_of_segmentation(*stem), path}};
  }
  fs::path folder = fs::absolute(path).lexically_normal();    // so that "." has a name; links keep theirs
  if (!folder.has_filename()) folder = folder.parent_path();  // behind a slash at the end
  // nnU-Net puts a dataset.json next to predictions too, which lists other files.
  if (missing == MissingFile::is_no_case) found = listed_references(folder);
  if (!found.empty()) return found;
  if (const auto labels = dataset_labels(folder)) {
    add_folder(found, *labels, MissingFile::is_no_case);
  } else if (!add_case_folder(found, folder)) {
    add_folder(found, folder, missing);
  }
  REVUNET_EXPECTS(!found.empty(), DataError,
                  "[{}] expected <case>.nii.gz or <case>/<case>_seg.nii.gz in this folder, got none; check the path",
                  path.string());
  return found;
} catch (const fs::filesystem_error& e) {
  throw DataError(fmt::format("[{}] expected a folder that can be read, got {}; check its permissions", path.string(),
                              e.code().message()));
}

Matching match_segmentations(const fs::path& reference, const fs::path& prediction,
                             const std::optional<LabelProfile>& labels) {
  Segmentations references;
  if (labels && fs::is_directory(reference)) references = segmentations_by_pattern(reference, *labels);
  if (references.empty()) references = find_segmentations(reference, MissingFile::is_no_case);
  const Segmentations predictions = find_segmentations(prediction, MissingFile::is_error);
  ReferenceLabelling labelling(labels);
  if (!labels) add_listed_labels(labelling, reference);
  Matching result;
  if (!fs::is_directory(reference) && !fs::is_directory(prediction)) {
    result.pairs.push_back({predictions.begin()->first, reference, prediction, labelling.of(reference)});
    return result;
  }
  std::vector<std::string> without_reference;
  for (const auto& [name, path] : predictions) {
    if (!references.contains(name)) without_reference.push_back(name);
  }
  REVUNET_EXPECTS(
      without_reference.empty(), DataError,
      "[{}] expected a reference for each prediction in {}, got none for {}; pass the dataset they belong to "
      "or remove them",
      reference.string(), prediction.string(), fmt::join(without_reference, ", "));
  for (const auto& [name, path] : references) {
    const auto predicted = predictions.find(name);
    if (predicted == predictions.end()) {
      result.without_prediction.push_back(name);
    } else {
      result.pairs.push_back({name, path, predicted->second, labelling.of(path)});
    }
  }
  return result;
}

}  // namespace revunet::io

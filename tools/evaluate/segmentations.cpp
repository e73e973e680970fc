#include "tools/evaluate/segmentations.h"

#include <optional>

#include <fmt/ranges.h>

#include "engine/error.h"

namespace revunet::tools {
namespace {

namespace fs = std::filesystem;

// The name without .nii or .nii.gz; nothing for files of other kinds.
std::optional<std::string> image_stem(const fs::path& path) {
  const std::string file = path.filename().string();
  for (const std::string_view ending : {".nii.gz", ".nii"}) {
    if (file.size() > ending.size() && file.ends_with(ending)) return file.substr(0, file.size() - ending.size());
  }
  return std::nullopt;
}

std::string case_name(const std::string& stem) {
  constexpr std::string_view suffix = "_seg";
  const bool has_suffix = stem.size() > suffix.size() && stem.ends_with(suffix);
  return has_suffix ? stem.substr(0, stem.size() - suffix.size()) : stem;
}

// revunet-predict writes <case>_probabilities.nii.gz beside the labels.
bool is_probabilities(const std::string& stem) {
  return stem.ends_with("_probabilities");
}

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

void add(Segmentations& found, const std::string& name, const fs::path& file) {
  const auto [entry, is_new] = found.emplace(name, file);
  REVUNET_EXPECTS(is_new, DataError, "[{}] expected one segmentation of case {}, got {} as well; remove one of them",
                  file.string(), name, entry->second.string());
}

// Adds <folder>/<folder's name>_seg.nii[.gz]; false if there is none.
bool add_case_folder(Segmentations& found, const fs::path& folder) {
  const std::string name = folder.filename().string();
  const size_t before = found.size();
  for (const char* ending : {".nii.gz", ".nii"}) {
    const fs::path file = folder / (name + "_seg" + ending);
    if (fs::exists(file)) add(found, name, file);
  }
  return found.size() > before;
}

bool is_grade_folder(const fs::path& folder) {
  return folder.filename() == "HGG" || folder.filename() == "LGG";
}

void add_folder(Segmentations& found, const fs::path& folder, MissingFile missing) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (is_hidden(entry.path())) continue;
    if (!entry.is_directory()) {
      const auto stem = image_stem(entry.path());
      if (stem && !is_probabilities(*stem)) add(found, case_name(*stem), entry.path());
    } else if (is_grade_folder(entry.path())) {
      add_folder(found, entry.path(), missing);
    } else {
      const bool complete = add_case_folder(found, entry.path());
      REVUNET_EXPECTS(complete || missing == MissingFile::is_no_case, DataError,
                      "[{}] expected {}_seg.nii.gz in this folder, got none; add it or remove the folder",
                      entry.path().string(), entry.path().filename().string());
    }
  }
}

}  // namespace

Segmentations find_segmentations(const fs::path& path, MissingFile missing) try {
  Segmentations found;
  if (!fs::is_directory(path)) {
    const auto stem = image_stem(path);
    REVUNET_EXPECTS(fs::exists(path) && stem, DataError,
                    "[{}] expected a folder or a .nii or .nii.gz file, got {}; check the path", path.string(),
                    fs::exists(path) ? "a file of another kind" : "nothing there");
    return {{case_name(*stem), path}};
  }
  const fs::path folder = fs::canonical(path);  // so that "." and a trailing slash have a name
  if (!add_case_folder(found, folder)) add_folder(found, folder, missing);
  REVUNET_EXPECTS(!found.empty(), DataError,
                  "[{}] expected <case>.nii.gz or <case>/<case>_seg.nii.gz in this folder, got none; check the path",
                  path.string());
  return found;
} catch (const fs::filesystem_error& e) {
  throw DataError(fmt::format("[{}] expected a folder that can be read, got {}; check its permissions", path.string(),
                              e.code().message()));
}

Matching match_segmentations(const fs::path& reference, const fs::path& prediction) {
  const Segmentations references = find_segmentations(reference, MissingFile::is_no_case);
  const Segmentations predictions = find_segmentations(prediction, MissingFile::is_error);
  Matching result;
  if (!fs::is_directory(reference) && !fs::is_directory(prediction)) {
    result.pairs.push_back({predictions.begin()->first, reference, prediction});
    return result;
  }
  std::vector<std::string> without_reference;
  for (const auto& [name, file] : predictions) {
    const auto found = references.find(name);
    if (found == references.end()) {
      without_reference.push_back(name);
    } else {
      result.pairs.push_back({name, found->second, file});
    }
  }
  REVUNET_EXPECTS(
      without_reference.empty(), DataError,
      "[{}] expected a reference for each prediction in {}, got none for {}; pass the dataset they belong to "
      "or remove them",
      reference.string(), prediction.string(), fmt::join(without_reference, ", "));
  for (const auto& [name, file] : references) {
    if (!predictions.contains(name)) result.without_prediction.push_back(name);
  }
  return result;
}

}  // namespace revunet::tools

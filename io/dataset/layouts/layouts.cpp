#include "io/dataset/layouts/layouts.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <system_error>

#include "engine/error.h"

namespace revunet::io {

namespace fs = std::filesystem;

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->path().filename().string().starts_with('.')) entries.push_back(it->path());
  }
  REVUNET_EXPECTS(!error, DataError, "[{}] expected a folder that can be listed, got: {}; check path and permissions",
                  folder.string(), error.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::optional<std::string> image_stem(const fs::path& path) {
  const std::string file = path.filename().string();
  const auto is_same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  for (const std::string_view ending : {".nii.gz", ".nii"}) {
    if (file.size() <= ending.size()) continue;
    const size_t length = file.size() - ending.size();
    if (std::equal(file.begin() + static_cast<std::ptrdiff_t>(length), file.end(), ending.begin(), is_same)) {
      return file.substr(0, length);
    }
  }
  return std::nullopt;
}

bool has_entry(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  // A name that is too long is nobody's.
  const bool absent = status.type() == fs::file_type::not_found || error == std::errc::filename_too_long;
  REVUNET_EXPECTS(absent || !error, DataError,
                  "[{}] expected a file that can be looked at, got: {}; check permissions and disk", path.string(),
                  error.message());
  return !absent;
}

void expect_no_broken_link(const fs::path& path) {
  std::error_code error;  // of a link to itself
  REVUNET_EXPECTS(!has_entry(path) || fs::exists(path, error), DataError,
                  "[{}] expected a file or folder, got a broken link; fix it (is its disk mounted?) or remove it",
                  path.string());
}

std::optional<fs::path> find_image(const fs::path& folder, const std::string& stem) {
  const fs::path plain = folder / (stem + ".nii"), packed = folder / (stem + ".nii.gz");
  const bool has_plain = has_entry(plain), has_packed = has_entry(packed);
  REVUNET_EXPECTS(!(has_plain && has_packed), DataError,
                  "[{}] expected one file for {}, got both {} and {}; remove one of them", folder.string(), stem,
                  plain.filename().string(), packed.filename().string());
  if (!has_plain && !has_packed) return std::nullopt;
  const fs::path& found = has_plain ? plain : packed;
  expect_image_file(found);
  return found;
}

void expect_image_file(const fs::path& path) {
  expect_no_broken_link(path);
  std::error_code error;
  REVUNET_EXPECTS(fs::is_regular_file(path, error), DataError,
                  "[{}] expected a file, got a folder or device; move the image itself here", path.string());
}

std::optional<fs::path> find_image_below(const fs::path& folder, int levels) try {
  std::error_code error;  // of a file that cannot be looked at, which is judged when it is read
  for (const fs::path& entry : sorted_entries(folder)) {
    const bool is_folder = fs::is_directory(entry, error);
    if (!is_folder && image_stem(entry)) return entry;
    if (!is_folder || levels == 0 || fs::is_symlink(entry, error)) continue;
    if (auto found = find_image_below(entry, levels - 1)) return found;
  }
  return std::nullopt;
} catch (const DataError&) {
  return folder;
}

void add_problem(DatasetScan& scan, DatasetProblem::Kind kind, const std::string& case_name,
                 const std::string& message) {
  scan.problems.push_back({kind, case_name, message});
}

void add_case(DatasetScan& scan, CaseFiles files, const fs::path& where) {
  const auto place = std::upper_bound(scan.cases.begin(), scan.cases.end(), files.name,
                                      [](const std::string& name, const CaseFiles& c) { return name < c.name; });
  if (place != scan.cases.begin() && std::prev(place)->name == files.name) {
    const auto& others = std::prev(place)->modalities;
    const auto known =
        std::find_if(others.begin(), others.end(), [](const ImageFrame& image) { return !image.path.empty(); });
    add_problem(
        scan, DatasetProblem::Kind::layout, files.name,
        fmt::format("[{}] expected one case of each name, got {} also in {}; rename or remove one", where.string(),
                    files.name, known == others.end() ? "another folder" : known->path.parent_path().string()));
  }
  scan.cases.insert(place, std::move(files));
}

void expect_distinct(const CaseFiles& files) {
  std::vector<fs::path> paths;
  for (const ImageFrame& image : files.modalities) {
    if (!image.path.empty()) paths.push_back(image.path);
  }
  if (files.segmentation) paths.push_back(*files.segmentation);
  for (size_t i = 0; i < paths.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      std::error_code error;  // of a file that is judged when it is read
      REVUNET_EXPECTS(!fs::equivalent(paths[i], paths[j], error), DataError,
                      "[{}] expected a file of its own, got a link to the same file as {}; put the right image there",
                      paths[i].string(), paths[j].filename().string());
    }
  }
}

void add_missing_modalities(DatasetScan& scan, const CaseFiles& files, const std::string& message) {
  const bool others = std::ssize(missing_modalities(files)) < modality_count;
  add_problem(scan, others ? DatasetProblem::Kind::modality : DatasetProblem::Kind::missing, files.name,
              message + "; add what is missing, or move the case out of the dataset");
}

fs::path labels_folder(const fs::path& images) {
  return images.parent_path() / ("labels" + images.filename().string().substr(std::string_view("images").size()));
}

void add_segmentations(DatasetScan& scan, const fs::path& images) {
  const fs::path labels = labels_folder(images);
  const bool labelled = images.filename() == "imagesTr";
  try {
    expect_no_broken_link(labels);
  } catch (const DataError& e) {
    return add_problem(scan, DatasetProblem::Kind::layout, "", e.what());
  }
  std::set<std::string> names;
  for (CaseFiles& files : scan.cases) {
    const bool first = names.insert(files.name).second;  // of this name: its problem is told once
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
    add_problem(scan, DatasetProblem::Kind::missing, *stem,
                fmt::format("[{}] expected images of this segmentation in {}, got none; add them or move it away",
                            entry.string(), images.string()));
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

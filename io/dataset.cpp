#include "io/dataset.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>
#include <utility>

#include "engine/error.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 2> grade_folders = {"HGG", "LGG"};  // BraTS 2018 and 2019 sort cases by grade
constexpr std::string_view layout =
    "<case>/<case>_{t1,t1ce,t2,flair}.nii.gz (or .nii) with an optional <case>/<case>_seg.nii.gz, directly or in HGG/ "
    "and LGG/";

bool is_nifti_name(const std::string& name) {
  return name.ends_with(".nii") || name.ends_with(".nii.gz");
}

// Visible entries of a folder, sorted: messages must not depend on the order of the file system.
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

// `<folder>/<folder>_<suffix>.nii` or .nii.gz, whichever is there.
std::optional<fs::path> find_image(const fs::path& folder, const std::string& suffix) {
  const fs::path plain = folder / fmt::format("{}_{}.nii", folder.filename().string(), suffix);
  const fs::path packed = plain.string() + ".gz";
  const bool has_plain = fs::exists(plain), has_packed = fs::exists(packed);
  REVUNET_EXPECTS(!(has_plain && has_packed), DataError,
                  "[{}] expected one file for {}, got both {} and {}; remove one of them", folder.string(), suffix,
                  plain.filename().string(), packed.filename().string());
  if (!has_plain && !has_packed) return std::nullopt;
  const fs::path& found = has_plain ? plain : packed;
  REVUNET_EXPECTS(fs::is_regular_file(found), DataError,
                  "[{}] expected a file, got a folder or device; move the image itself here", found.string());
  return found;
}

bool is_case_folder(const fs::path& folder) {
  const auto has = [&](const std::string& suffix) { return find_image(folder, suffix).has_value(); };
  return has("seg") || std::any_of(modality_names.begin(), modality_names.end(), has);
}

// BraTS 2020 ships the labels of its case 355 as W39_1998.09.19_Segm.nii: a labelled case must not pass for unlabelled.
void expect_no_misnamed_segmentation(const fs::path& folder) {
  for (const fs::path& entry : sorted_entries(folder)) {
    std::string name = entry.filename().string();
    const std::string original = name;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    REVUNET_EXPECTS(!is_nifti_name(name) || name.find("seg") == std::string::npos, DataError,
                    "[{}] expected the segmentation to be named {}_seg.nii.gz (or .nii), got {}; rename it, or move it "
                    "away if it is none",
                    folder.string(), folder.filename().string(), original);
  }
}

void expect_distinct(const CaseFiles& files) {
  const std::vector<fs::path> paths = files_of(files);
  for (size_t i = 0; i < paths.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      REVUNET_EXPECTS(!fs::equivalent(paths[i], paths[j]), DataError,
                      "[{}] expected a file of its own, got a link to the same file as {}; put the right image there",
                      paths[i].string(), paths[j].filename().string());
    }
  }
}

CaseFiles case_of(const fs::path& folder) {
  CaseFiles files{.name = folder.filename().string(), .modalities = {}, .segmentation = find_image(folder, "seg")};
  std::vector<std::string> missing;
  for (size_t i = 0; i < modality_names.size(); ++i) {
    const auto found = find_image(folder, modality_names[i]);
    if (found) files.modalities[i] = *found;
    if (!found) missing.push_back(modality_names[i]);
  }
  REVUNET_EXPECTS(missing.empty(), DataError,
                  "[{}] expected {}_{{t1,t1ce,t2,flair}}.nii.gz (or .nii), got no {}; add what is missing, or move the "
                  "folder out of the dataset",
                  folder.string(), files.name, fmt::join(missing, ", no "));
  if (!files.segmentation) expect_no_misnamed_segmentation(folder);
  expect_distinct(files);
  return files;
}

// Sorted folders inside `folder`.
std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> folders;
  for (const fs::path& entry : sorted_entries(folder)) {
    REVUNET_EXPECTS(fs::exists(entry), DataError,
                    "[{}] expected a folder or file, got a broken link; mend or remove it", entry.string());
    if (fs::is_directory(entry)) folders.push_back(entry);
  }
  return folders;
}

// The folders that must be cases.
std::vector<fs::path> case_folders(const fs::path& root) {
  if (is_case_folder(root)) return {root};
  std::vector<fs::path> cases;
  for (const fs::path& folder : folders_in(root)) {
    if (std::find(grade_folders.begin(), grade_folders.end(), folder.filename()) == grade_folders.end()) {
      cases.push_back(folder);
    } else {
      const std::vector<fs::path> graded = folders_in(folder);
      cases.insert(cases.end(), graded.begin(), graded.end());
    }
  }
  return cases;
}

std::string sizes_text(const Grid& grid) {
  return fmt::format("{}", fmt::join(grid.size, " x "));
}

void expect_same_grid(const std::string& name, const Grid& a, const fs::path& file_a, const Grid& b,
                      const fs::path& file_b) {
  REVUNET_EXPECTS(
      same_grid(a, b), DataError,
      "[{}] expected one grid for all images, got {} of {} voxels and {} of {} voxels{}; resample them to one "
      "grid",
      name, file_a.string(), sizes_text(a), file_b.string(), sizes_text(b),
      a.size == b.size ? " with another affine" : "");
}

void expect_brats_labels(const std::vector<uint8_t>& labels, const fs::path& file) {
  const auto bad = std::find_if(labels.begin(), labels.end(), [](uint8_t v) { return v > 4 || v == 3; });
  if (bad == labels.end()) return;
  throw DataError(fmt::format("[{}] expected the labels 0, 1, 2 and 4, got {} {} times; {}", file.string(), *bad,
                              std::count(labels.begin(), labels.end(), *bad),
                              *bad == 3 ? "BraTS labels are 1 (core), 2 (oedema) and 4 (enhancing): where 3 stands for "
                                          "enhancing tumour, replace it by 4"
                                        : "check that it is a BraTS segmentation"));
}

std::vector<CaseFiles> find_cases_unguarded(const fs::path& path) {
  REVUNET_EXPECTS(fs::is_directory(path), DataError,
                  "[{}] expected a dataset's or a case's folder, got {}; check the path", path.string(),
                  fs::exists(path) ? "a file" : "nothing there");
  // A case has its folder's name, also for "." and for a path that ends in a slash.
  fs::path root = fs::absolute(path).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();
  std::map<std::string, CaseFiles> cases;
  for (const fs::path& folder : case_folders(root)) {
    CaseFiles files = case_of(folder);
    const auto [known, added] = cases.emplace(files.name, std::move(files));
    REVUNET_EXPECTS(added, DataError, "[{}] expected one case of each name, got {} also in {}; rename or remove one",
                    folder.string(), known->first, known->second.modalities[0].parent_path().string());
  }
  REVUNET_EXPECTS(!cases.empty(), DataError, "[{}] expected cases as {}, got none; check the path", path.string(),
                  layout);
  std::vector<CaseFiles> sorted;
  for (auto& [name, files] : cases) sorted.push_back(std::move(files));
  return sorted;
}

}  // namespace

std::vector<std::filesystem::path> files_of(const CaseFiles& files) {
  std::vector<fs::path> paths(files.modalities.begin(), files.modalities.end());
  if (files.segmentation) paths.push_back(*files.segmentation);
  return paths;
}

std::vector<CaseFiles> find_cases(const std::filesystem::path& path) try {
  return find_cases_unguarded(path);
} catch (const fs::filesystem_error& e) {
  throw DataError(fmt::format("[{}] expected a dataset's folder that can be read, got: {}; check its permissions",
                              path.string(), e.what()));
}

CaseVolumes load_case(const CaseFiles& files) {
  CaseVolumes volumes;
  volumes.name = files.name;
  for (size_t i = 0; i < files.modalities.size(); ++i) {
    NiftiImage image = read_nifti(files.modalities[i]);
    REVUNET_EXPECTS(image.frames == 1, DataError, "[{}] expected a volume of one frame, got {}; split the image",
                    files.modalities[i].string(), image.frames);
    if (i == 0) {
      volumes.grid = image.grid;
      volumes.header = std::move(image.header);
    }
    expect_same_grid(files.name, volumes.grid, files.modalities[0], image.grid, files.modalities[i]);
    volumes.modalities[i] = std::move(image.voxels);
  }
  if (files.segmentation) {
    LabelImage image = read_nifti_labels(*files.segmentation);
    expect_same_grid(files.name, volumes.grid, files.modalities[0], image.grid, *files.segmentation);
    expect_brats_labels(image.labels, *files.segmentation);
    volumes.labels = std::move(image.labels);
  }
  return volumes;
}

}  // namespace revunet::io

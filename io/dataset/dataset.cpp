#include "io/dataset/dataset.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <span>
#include <utility>

#include "engine/error.h"
#include "io/dataset/layouts/dataset_layout.h"
#include "io/dataset/layouts/image_files.h"
#include "io/dataset/layouts/scan_parts.h"
#include "io/nifti/size_text.h"
#include "io/text/utf8.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;

DatasetScan scan_unguarded(const fs::path& path, const std::optional<LabelProfile>& labels) {
  REVUNET_EXPECTS(fs::is_directory(path), DataError,
                  "[{}] expected a dataset's or a case's folder, got {}; check the path", path.string(),
                  fs::exists(path) ? "a file" : "nothing there");
  // A case has its folder's name, even for "." and for a path that ends in a slash.
  fs::path root = fs::absolute(path).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();
  for (const DatasetLayout* layout : dataset_layouts()) {
    if (!layout->is_layout_of(root, labels)) continue;
    DatasetScan scan = layout->scan(root, labels);
    if (scan.layout.empty()) scan.layout = layout->name;
    return scan;
  }
  return {};  // the last layout takes any folder
}

// Splits, logs and TensorBoard's files hold names of cases in UTF-8.
void expect_utf8(DatasetScan& scan) {
  for (const CaseFiles& c : scan.cases) {
    if (is_utf8(c.name)) continue;
    add_problem(scan, DatasetProblem::Kind::layout, c.name,
                fmt::format("[{}] expected a name in UTF-8, got other bytes; rename the case", escaped_utf8(c.name)));
  }
}

// Says what is there in place of cases.
std::string description_of(const fs::path& root, const DatasetScan& scan) {
  for (const DatasetLayout* layout : dataset_layouts()) {
    const std::string hint = layout->hint ? layout->hint(root) : "";
    if (!hint.empty()) return hint;
  }
  int64_t images = 0;
  std::string first;
  for (const fs::path& entry : sorted_entries(root)) {
    if (!image_stem(entry)) continue;
    if (images++ == 0) first = entry.filename().string();
  }
  if (images > 0) {
    return fmt::format(
        "{} images side by side, the first {}; put those of each case into a folder of its own, named as "
        "the case is, or next to a dataset.json",
        images, first);
  }
  if (scan.left_out.empty()) return "none; check the path";
  return fmt::format("{} folders without any image, the first {}; check the path", scan.left_out.size(),
                     scan.left_out[0]);
}

void expect_same_grid(const std::string& name, const Grid& a, const fs::path& file_a, const Grid& b,
                      const fs::path& file_b) {
  REVUNET_EXPECTS(
      same_grid(a, b), DataError,
      "[{}] expected one grid for all images, got {} of {} voxels and {} of {} voxels{}; resample them to one "
      "grid",
      name, file_a.string(), size_text(a.size), file_b.string(), size_text(b.size),
      a.size == b.size ? " with another affine" : "");
}

void expect_frames(const NiftiImage& image, const ImageFrame& wanted) {
  if (image.frames == wanted.frames) return;
  throw DataError(wanted.frames == 1
                      ? fmt::format("[{}] expected a volume of one frame, got {}; split the image",
                                    wanted.path.string(), image.frames)
                      : fmt::format("[{}] expected {} frames, one a modality, got {}; check that the image is whole",
                                    wanted.path.string(), wanted.frames, image.frames));
}

// Returns voxels in BraTS's order, with a background of 0.
std::vector<float> voxels_of(NiftiImage& image, const ImageFrame& wanted, const Background& background,
                             const Orientation& orientation) {
  expect_frames(image, wanted);
  const auto count = image.voxels.size() / static_cast<size_t>(image.frames);
  const std::span<float> voxels = std::span(image.voxels).subspan(static_cast<size_t>(wanted.frame) * count, count);
  subtract_background(voxels, image.grid.size, background, wanted.path.string());
  if (image.frames == 1 && orientation.identity()) return std::move(image.voxels);
  return to_brats_order<float>(voxels, image.grid.size, orientation);
}

// Returns a scan with the problems that matter to those who use the cases, not only check them.
DatasetScan scan_for_use(const fs::path& path, const std::optional<LabelProfile>& labels, MissingModality missing,
                         const OnNote& on_note) {
  DatasetScan scan = scan_dataset(path, labels);
  if (on_note) std::ranges::for_each(notes_of(scan), on_note);
  std::erase_if(scan.problems, [&](const DatasetProblem& p) {
    return p.kind == DatasetProblem::Kind::segmentation ||
           (p.kind == DatasetProblem::Kind::modality && missing == MissingModality::allowed);
  });
  return scan;
}

[[noreturn]] void refuse(const std::vector<DatasetProblem>& problems, const fs::path& path) {
  const size_t more = problems.size() - 1;
  throw DataError(more == 0 ? problems[0].message
                            : fmt::format("{}\nand {} more: run revunet-check `data` {}", problems[0].message, more,
                                          path.string()));
}

}  // namespace

DatasetScan scan_dataset(const std::filesystem::path& path, const std::optional<LabelProfile>& labels) try {
  DatasetScan scan = scan_unguarded(path, labels);
  expect_utf8(scan);
  REVUNET_EXPECTS(!scan.cases.empty() || !scan.problems.empty(), DataError, "[{}] expected cases as {}, got {}",
                  path.string(), accepted_layouts(), description_of(path, scan));
  return scan;
} catch (const fs::filesystem_error& e) {
  throw DataError(fmt::format("[{}] expected a dataset's folder that can be read, got: {}; check its permissions",
                              path.string(), e.what()));
}

std::vector<std::string> notes_of(const DatasetScan& scan) {
  std::vector<std::string> notes;
  if (!scan.respelled.empty()) {
    notes.push_back(fmt::format("{} files have another spelling than the layout's names; the first: {}",
                                scan.respelled.size(), scan.respelled[0]));
  }
  if (!scan.left_out.empty()) {
    notes.push_back(fmt::format("left out, as there is no image inside: {}", fmt::join(scan.left_out, ", ")));
  }
  if (!scan.task_note.empty()) notes.push_back(scan.task_note);
  return notes;
}

std::vector<CaseFiles> find_cases(const std::filesystem::path& path, const std::optional<LabelProfile>& labels,
                                  MissingModality missing, const OnNote& on_note) {
  DatasetScan scan = scan_for_use(path, labels, missing, on_note);
  if (!scan.problems.empty()) refuse(scan.problems, path);
  return std::move(scan.cases);
}

namespace {

// Returns where the case's files lie, or its name.
std::string folder_of(const CaseFiles& files) {
  if (files.segmentation) return files.segmentation->parent_path().string();
  for (const ImageFrame& image : files.modalities) {
    if (!image.path.empty()) return image.path.parent_path().string();
  }
  return files.name;
}

}  // namespace

void expect_all_modalities(const CaseFiles& files) {
  const std::vector<std::string> missing = missing_modalities(files);
  REVUNET_EXPECTS(missing.empty(), DataError,
                  "[{}] expected the images {} of case {}, got no {}; add what is missing, or leave the case out",
                  folder_of(files), fmt::join(files.task()->modalities(), ", "), files.name,
                  fmt::join(missing, ", no "));
}

std::vector<CaseFiles> find_cases_of(const std::filesystem::path& path, const std::optional<LabelProfile>& labels,
                                     const std::vector<std::string>& names, const OnNote& on_note) {
  if (names.empty()) return find_cases(path, labels, MissingModality::refused, on_note);
  std::vector<CaseFiles> cases = find_cases(path, labels, MissingModality::allowed, on_note);
  const TaskPointer task = with_modalities(cases.front().task(), names);
  for (CaseFiles& files : cases) {
    files = with_task(files, task);
    expect_all_modalities(files);
  }
  return cases;
}

SoundCases find_sound_cases(const std::filesystem::path& path, const std::optional<LabelProfile>& labels,
                            MissingModality missing, const OnNote& on_note) {
  DatasetScan scan = scan_for_use(path, labels, missing, on_note);
  std::vector<DatasetProblem> of_all;
  std::ranges::copy_if(scan.problems, std::back_inserter(of_all), [](const auto& p) { return p.case_name.empty(); });
  if (!of_all.empty()) refuse(of_all, path);
  std::set<std::string> bad;
  for (const DatasetProblem& problem : scan.problems) bad.insert(problem.case_name);
  std::erase_if(scan.cases, [&](const CaseFiles& files) { return bad.contains(files.name); });
  return {std::move(scan.cases), std::move(scan.problems)};
}

namespace {

// Returns the grid of all files, from the first that says which way its axes go. It is known before any voxel is read,
// because a damaged header must not ask for the memory of an image that is not used.
Grid grid_of(const CaseFiles& files) {
  std::vector<ImageFrame> images;  // each file once
  for (const ImageFrame& image : files.modalities) {
    const bool again = !images.empty() && images.back().path == image.path;
    if (!image.path.empty() && !again) images.push_back(image);
  }
  if (files.segmentation) images.push_back({.path = *files.segmentation});
  std::optional<Grid> grid;  // that of the first
  for (const ImageFrame& image : images) {
    const NiftiImage header = read_nifti_header(image.path);
    expect_frames(header, image);
    if (!grid) grid = header.grid;
    expect_same_grid(files.name, *grid, images[0].path, header.grid, image.path);
    if (!grid->oriented) grid = header.grid;
  }
  REVUNET_EXPECTS(grid, Error, "[{}] expected files of modalities, got none; use find_cases", files.name);
  return *grid;
}

}  // namespace

CaseVolumes load_case(const CaseFiles& files) {
  CaseVolumes volumes(files.task());
  volumes.name = files.name;
  volumes.file_grid = grid_of(files);
  volumes.orientation = orientation_of(volumes.file_grid);
  volumes.grid = oriented_grid(volumes.file_grid, volumes.orientation);
  NiftiImage image;
  fs::path read;
  for (size_t i = 0; i < files.modalities.size(); ++i) {
    const ImageFrame& wanted = files.modalities[i];
    volumes.missing[i] = wanted.path.empty();
    if (volumes.missing[i]) continue;
    // The modalities of a 4-D image come one after the other, so it is read once.
    if (wanted.path != read) image = read_nifti(wanted.path);
    read = wanted.path;
    if (volumes.header.empty()) volumes.header = image.header;
    volumes.modalities[i] = voxels_of(image, wanted, files.background, volumes.orientation);
  }
  REVUNET_EXPECTS(!volumes.header.empty(), Error, "[{}] expected files of modalities, got none; use find_cases",
                  files.name);
  const auto [X, Y, Z] = volumes.grid.size;
  for (size_t i = 0; i < files.modalities.size(); ++i) {
    if (volumes.missing[i]) volumes.modalities[i].assign(static_cast<size_t>(X * Y * Z), 0.0f);
  }
  if (files.segmentation) {
    const LabelImage segmentation = read_nifti_labels(*files.segmentation);
    std::vector<uint8_t> labels = labels_of_values(segmentation.labels, files.labels, *files.segmentation);
    volumes.labels = volumes.orientation.identity()
                         ? std::move(labels)
                         : to_brats_order<uint8_t>(labels, volumes.file_grid.size, volumes.orientation);
  }
  return volumes;
}

}  // namespace revunet::io

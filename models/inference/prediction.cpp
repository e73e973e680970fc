#include "models/inference/prediction.h"

#include <algorithm>
#include <set>

#include "io/files/atomic_file.h"
#include "io/pictures/overlay.h"
#include "io/preprocessing/resampled_case.h"
#include "io/preprocessing/resampling.h"
#include "models/inference/whole_volume.h"

namespace revunet {

namespace {

constexpr int kOverlayWidth = 1000;  // pixels: about two per voxel of BraTS

// Removes a file that does not read back as it was written, so that nobody takes it for a prediction.
void expect_read_back(bool equal, const std::filesystem::path& path) {
  std::error_code ignored;  // the error below matters more
  if (!equal) std::filesystem::remove(path, ignored);
  REVUNET_EXPECTS(equal, DataError,
                  "[{}] expected to read back what was written, got other voxels or another grid; check the disk",
                  path.string());
}

// Size and labels are in the order of the case's files.
void write_labels(const std::filesystem::path& path, const io::CaseVolumes& volumes, const std::vector<uint8_t>& labels,
                  const io::LabelProfile& profile) {
  const std::vector<uint8_t> values =
      io::to_file_order<uint8_t>(io::values_of_labels(labels, profile), volumes.file_grid.size, volumes.orientation);
  io::write_nifti(path, volumes.header, values);
  const io::LabelImage written = io::read_nifti_labels(path);
  expect_read_back(written.labels == values && io::same_grid(written.grid, volumes.file_grid), path);
}

void write_probabilities(const std::filesystem::path& path, const io::CaseVolumes& volumes,
                         const std::vector<float>& probabilities) {
  const std::vector<float> values =
      io::to_file_order<float>(probabilities, volumes.file_grid.size, volumes.orientation);
  const int64_t outputs = volumes.task->output_count();
  io::write_nifti(path, volumes.header, values, outputs);
  const io::NiftiImage written = io::read_nifti(path);
  expect_read_back(
      written.voxels == values && written.frames == outputs && io::same_grid(written.grid, volumes.file_grid), path);
}

// Returns frames of the volume that the network sees. Voxels outside the field of view are background, where that is an
// output.
std::vector<float> whole_probabilities(const std::vector<float>& probabilities, const io::Task& task,
                                       const io::Placement& placement, const io::Size3& size) {
  std::vector<float> frames = io::paste_channels_back(probabilities, task.output_count(), placement, size);
  if (!task.exclusive()) return frames;
  const std::vector<uint8_t> seen = io::paste_labels_back(
      std::vector<uint8_t>(probabilities.size() / static_cast<size_t>(task.output_count()), 1), placement, size);
  for (size_t v = 0; v < seen.size(); ++v) {
    if (seen[v] == 0) frames[v] = 1;
  }
  return frames;
}

// Takes frames of the volume that the network sees. Calls visit(frame, z, slice) for each slice of the file, in the
// order of z, then of frames.
template <class Visit>
void for_each_slice(const std::vector<float>& frames, int64_t count, const io::Size3& from, const io::Size3& file,
                    Visit visit) {
  const auto frame_size = static_cast<size_t>(io::voxels_in(from));
  for (int64_t z = 0; z < file[2]; ++z) {
    for (size_t frame = 0; frame < static_cast<size_t>(count); ++frame) {
      const std::span<const float> voxels = std::span(frames).subspan(frame * frame_size, frame_size);
      visit(frame, z, io::resampled_slice(voxels, from, file, z));
    }
  }
}

std::vector<float> frames_on_file(std::vector<float> frames, int64_t count, const io::Size3& from,
                                  const io::Size3& file) {
  if (from == file) return frames;
  const int64_t slice_size = file[0] * file[1];
  std::vector<float> result(static_cast<size_t>(io::voxels_in(file) * count));
  for_each_slice(frames, count, from, file, [&](size_t frame, int64_t z, const std::vector<float>& slice) {
    std::ranges::copy(slice, result.begin() + (static_cast<int64_t>(frame) * file[2] + z) * slice_size);
  });
  return result;
}

// Only one slice is held at the file's size.
std::vector<uint8_t> labels_on_file(const std::vector<float>& frames, const io::CaseVolumes& volumes,
                                    const io::Size3& from) {
  const io::Size3& file = volumes.grid.size;
  const auto count = static_cast<size_t>(volumes.task->output_count());
  std::vector<uint8_t> labels;
  std::vector<float> voxels(static_cast<size_t>(file[0] * file[1]) * count);  // (x, y, output)
  for_each_slice(frames, volumes.task->output_count(), from, file,
                 [&](size_t frame, int64_t, const std::vector<float>& slice) {
                   for (size_t v = 0; v < slice.size(); ++v) voxels[v * count + frame] = slice[v];
                   if (frame + 1 < count) return;
                   const std::vector<uint8_t> own = revunet::labels_of(voxels, *volumes.task, volumes.name);
                   labels.insert(labels.end(), own.begin(), own.end());
                 });
  return labels;
}

std::string overlay_of(const io::CaseVolumes& volumes, const std::vector<uint8_t>& prediction) {
  const auto view = [&](const auto& voxels) { return io::in_file_order(std::span(voxels), volumes.grid.size); };
  io::OverlayCase c{.task = volumes.task,
                    .title = volumes.name,
                    .grid = volumes.grid,
                    .numbers = {.orientation = volumes.orientation, .size = volumes.grid.size},
                    .images = {},
                    .prediction = view(prediction),
                    .reference = {}};
  for (const std::vector<float>& voxels : volumes.modalities) c.images.push_back(view(voxels));
  if (volumes.labels) c.reference = view(*volumes.labels);
  return io::overlay_png(c, kOverlayWidth, true);
}

std::vector<int64_t> count_regions(const std::vector<uint8_t>& labels, const io::Task& task) {
  std::vector<int64_t> voxels(task.regions().size());
  for (const uint8_t label : labels) {
    const io::RegionSet inside = task.regions_of(label);
    for (size_t r = 0; r < voxels.size(); ++r) voxels[r] += inside[r];
  }
  return voxels;
}

// Returns the extent of the case's box, in which no axis is shorter than a window's.
io::Size3 own_field(const io::CaseVolumes& volumes, const Windows& windows) {
  return io::larger_of(io::nonzero_extent(volumes), windows.size);
}

std::vector<float> probabilities_of(const Ensemble& ensemble, const io::Preprocessed& input,
                                    const PredictionOptions& options) {
  const io::Size3& size = input.placement.size;
  const std::optional<Windows>& windows = options.windows;
  const int64_t count = ensemble.passes() * (windows ? window_count(size, *windows) : 1);
  int64_t done = 0;
  const auto on_pass = [&] { options.on_pass(++done, count); };
  if (!windows) return ensemble.probabilities(input.image, size, on_pass);
  return predict_by_windows(
      input.image, size, input.channels(), input.task->output_count(), *windows,
      [&](std::span<const float> seen) { return ensemble.probabilities(seen, windows->size, on_pass); });
}

}  // namespace

std::vector<PredictionFiles> prediction_files(const std::vector<io::CaseFiles>& cases, const std::filesystem::path& out,
                                              bool probabilities, bool overlay) {
  std::set<std::filesystem::path> names;
  std::vector<PredictionFiles> files;
  for (const io::CaseFiles& c : cases) {
    const auto own = [&](const char* ending) {
      const std::filesystem::path path = out / (c.name + ending);
      REVUNET_EXPECTS(names.insert(path).second, UsageError,
                      "[`data`] expected cases whose files differ in name, got {} for two; predict them separately",
                      path.string());
      return path;
    };
    PredictionFiles f{.labels = own(".nii.gz"), .probabilities = {}, .overlay = {}};
    if (probabilities) f.probabilities = own("_probabilities.nii.gz");
    if (overlay) f.overlay = own(".png");
    files.push_back(std::move(f));
  }
  return files;
}

void expect_new(const std::vector<PredictionFiles>& files) {
  const auto expect_none = [](const std::filesystem::path& path) {
    std::error_code error;
    REVUNET_EXPECTS(!std::filesystem::exists(path, error) && !error, UsageError,
                    "[`out`] expected no prediction yet, got {}{}; add `skip-existing` to keep what is there and "
                    "predict the other cases, choose another folder, or move it away",
                    path.string(), error ? ": " + error.message() : "");
  };
  for (const PredictionFiles& f : files) {
    expect_none(f.labels);
    if (f.probabilities) expect_none(*f.probabilities);
    if (f.overlay) expect_none(*f.overlay);
  }
}

LoadedCase load_for_prediction(const io::CaseFiles& c, const PredictionOptions& options) {
  io::CaseVolumes volumes = io::load_case(c);
  const std::optional<io::CaseVolumes> on_task_grid = io::resampled_case(volumes);
  const io::CaseVolumes& seen = on_task_grid ? *on_task_grid : volumes;
  const io::Size3 size = options.size ? options.size->axes() : own_field(seen, options.windows.value());
  io::Preprocessed input = io::preprocess(seen, size);
  const io::Size3 resampled = seen.grid.size;
  return {std::move(volumes), resampled, size, std::move(input), c.labels};
}

PredictedCase predict_case(const Ensemble& ensemble, const LoadedCase& c, const PredictionOptions& options,
                           const PredictionFiles& files) {
  const io::CaseVolumes& volumes = c.volumes;
  const std::vector<float> probabilities = probabilities_of(ensemble, c.input, options);
  const io::Task& task = *volumes.task;
  const io::Size3& file = volumes.grid.size;
  const bool resampled = c.resampled != file;
  std::vector<float> frames;
  if (files.probabilities || resampled) {
    frames = whole_probabilities(probabilities, task, c.input.placement, c.resampled);
  }
  std::vector<uint8_t> labels =
      resampled ? labels_on_file(frames, volumes, c.resampled)
                : io::paste_labels_back(labels_of(probabilities, task, volumes.name), c.input.placement, file);
  filter_components(labels, task, file, io::voxel_volume(volumes.grid), options.filter);
  // Labels are written last, so a case that has them is complete.
  if (files.probabilities) {
    write_probabilities(*files.probabilities, volumes,
                        frames_on_file(std::move(frames), task.output_count(), c.resampled, file));
  }
  if (files.overlay) io::write_file_atomically(*files.overlay, overlay_of(volumes, labels));
  write_labels(files.labels, volumes, labels, c.labels);
  return {count_regions(labels, task), c.size, c.input.cut};
}

}  // namespace revunet

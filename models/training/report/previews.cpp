#include "models/training/report/previews.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/files/atomic_file.h"
#include "io/files/folders.h"
#include "io/pictures/overlay.h"
#include "io/preprocessing/resampled_case.h"
#include "io/preprocessing/resampling.h"

namespace revunet {

namespace {

constexpr int kPreviewWidth = 560;  // pixels: about one per voxel of BraTS, some 200 KB

io::SliceNumbers numbers_of(const io::Preprocessed& c, const io::Orientation& orientation, const io::Size3& size) {
  io::SliceNumbers numbers{orientation, size, {}};
  const io::Placement& p = c.placement;
  for (size_t i = 0; i < 3; ++i) {
    numbers.first[i] = c.cropped_at[i] + p.box_low[i] + p.source_offset[i] - p.destination_offset[i];
  }
  return numbers;
}

}  // namespace

Previews::Previews(const RunFolder& folder, const std::vector<io::CaseFiles>& validation, int64_t count,
                   std::shared_ptr<Picture> latest)
    : folder_(folder.file("previews")),
      cases_(validation.begin(), validation.begin() + std::min(count, static_cast<int64_t>(validation.size()))),
      latest_(std::move(latest)) {}

void Previews::on_validation_case(const ValidatedCase& c) {
  if (c.index >= cases_.size() || !c.input) return;
  const io::Preprocessed& input = *c.input;
  const io::CaseFiles& files = cases_[c.index];
  const io::Grid grid = io::read_nifti_header(files.modalities[0].path).grid;  // load_case uses this grid
  const io::Orientation orientation = io::orientation_of(grid);
  // Slices of a resampled case have the numbers of its own grid.
  const io::Grid of_file = io::oriented_grid(grid, orientation);
  const io::Grid oriented = io::grid_of_size(of_file, io::resampled_size(of_file, input.task->resampling()));
  const io::Placement& p = input.placement;
  io::OverlayCase overlay{.task = input.task,
                          .title = fmt::format("{}, epoch {}: Dice {}", files.name, c.epoch,
                                               by_name(input.task->region_names(), c.dice, 3)),
                          .grid = oriented,
                          .numbers = numbers_of(input, orientation, oriented.size),
                          .images = {},
                          .prediction = io::channel_of(c.prediction, p.size),
                          .reference = io::channel_of(std::span(input.labels), p.size)};
  for (int64_t channel = 0; channel < input.channels(); ++channel) {
    overlay.images.push_back(io::channel_of(std::span(input.image), p.size, input.channels(), channel));
  }
  *latest_ = {files.name, io::overlay_png(overlay, kPreviewWidth, false)};
  io::make_folder(folder_);
  io::write_file_atomically(folder_ / (files.name + ".png"), latest_->png);
}

}  // namespace revunet

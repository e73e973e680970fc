#include "io/preprocessing/resampled_case.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "engine/error.h"
#include "io/nifti/size_text.h"
#include "io/preprocessing/preprocessing.h"
#include "io/preprocessing/resampling.h"

namespace revunet::io {
namespace {

// Sets voxels to 0 whose nearest voxel in the file is not in the box. Where zeros are the background, also those whose
// nearest voxel is 0.
void keep_background(std::vector<float>& voxels, const Size3& to, const std::vector<float>& file, const Size3& from,
                     const NonzeroBox& box, bool zeros_are_background) {
  const auto nearest = [&](size_t axis, int64_t i) { return (2 * i + 1) * from[axis] / (2 * to[axis]); };
  const auto is_inside = [&](size_t axis, int64_t i) { return box.low[axis] <= i && i < box.high[axis]; };
  size_t voxel = 0;
  for (int64_t z = 0; z < to[2]; ++z) {
    for (int64_t y = 0; y < to[1]; ++y) {
      const int64_t file_z = nearest(2, z), file_y = nearest(1, y);
      const bool row_is_inside = is_inside(2, file_z) && is_inside(1, file_y);
      const int64_t row = from[0] * (file_y + from[1] * file_z);
      for (int64_t x = 0; x < to[0]; ++x, ++voxel) {
        const int64_t file_x = nearest(0, x);
        const bool inside = row_is_inside && is_inside(0, file_x);
        if (!inside || (zeros_are_background && file[static_cast<size_t>(row + file_x)] == 0)) voxels[voxel] = 0;
      }
    }
  }
}

}  // namespace

Size3 resampled_size(const Grid& grid, const Resampling& resampling) {
  REVUNET_EXPECTS(resampling.kind != Resampling::Kind::automatic, Error,
                  "[spacing] expected one that is known, got auto; use a task with a fingerprint");
  return resampling.kind == Resampling::Kind::as_is ? grid.size : size_at_spacing(grid, resampling.spacing);
}

Size3 resampled_extent(const Size3& extent, const Grid& grid, const Resampling& resampling) {
  const Size3 from = grid.size, to = resampled_size(grid, resampling);
  Size3 result{};
  // So many centres of the new grid, at most, lie in an interval of this length.
  for (size_t axis = 0; axis < 3; ++axis) result[axis] = (extent[axis] * to[axis] + from[axis] - 1) / from[axis];
  return result;
}

std::optional<CaseVolumes> resampled_case(const CaseVolumes& volumes) {
  const Task& task = *volumes.task;
  const Size3 from = volumes.grid.size, to = resampled_size(volumes.grid, task.resampling());
  if (to == from) return std::nullopt;
  REVUNET_EXPECTS(!volumes.cut_to_nonzero, Error, "[{}] expected whole volumes to resample, got a box of them",
                  volumes.name);
  const NonzeroBox box = nonzero_box(volumes);
  CaseVolumes result(volumes.task);
  result.name = volumes.name;
  result.grid = grid_of_size(volumes.grid, to);
  result.file_grid = volumes.file_grid;
  result.orientation = volumes.orientation;
  result.missing = volumes.missing;
  result.header = volumes.header;
  for (size_t m = 0; m < volumes.modalities.size(); ++m) {
    result.modalities[m] = resampled(volumes.modalities[m], from, to, task.resampling().interpolation);
    keep_background(result.modalities[m], to, volumes.modalities[m], from, box,
                    task.normalisations()[m].kind == Normalisation::Kind::nonzero);
  }
  const auto is_set = [](float value) { return value != 0; };
  const auto has_voxels = [&](const std::vector<float>& modality) { return std::ranges::any_of(modality, is_set); };
  REVUNET_EXPECTS(std::ranges::any_of(result.modalities, has_voxels), DataError,
                  "[{}] expected voxels other than 0 at the task's spacing, {} mm, got none, as the {} voxels that the "
                  "image has at {} mm lie between them; train with a smaller `spacing`",
                  volumes.name, fmt::join(task.resampling().spacing, ","), size_text(nonzero_extent(volumes)),
                  fmt::join(volumes.grid.spacing, ","));
  if (volumes.labels) result.labels = resampled_labels(*volumes.labels, from, to);
  return result;
}

CaseVolumes load_resampled_case(const CaseFiles& files) {
  CaseVolumes volumes = load_case(files);
  std::optional<CaseVolumes> result = resampled_case(volumes);
  return result ? *std::move(result) : std::move(volumes);
}

}  // namespace revunet::io

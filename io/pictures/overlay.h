// This file draws a segmentation over its images, on three planes through the tumour.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/nifti/orientation.h"
#include "io/pictures/volume.h"
#include "io/task/task.h"

namespace revunet::io {

// SliceNumbers says where the drawn voxels lie in the case's files, because slices have the files' numbers.
struct SliceNumbers {
  Orientation orientation;  // from the files to BraTS's order
  Size3 size{};             // of the whole volume, in BraTS's order
  Size3 first{};            // the voxel of it that is (0, 0, 0) here; negative where padding is drawn

  // Returns a text such as "z = 27", for the slice with this index along an axis of what is drawn.
  std::string of_slice(size_t axis, int64_t index) const;
};

// All volumes have one size.
struct OverlayCase {
  TaskPointer task;
  std::string title;
  // This is the grid of the volumes as they are here, which need not be that of a file. Only directions matter in its
  // affine. A grid without orientation is taken as BraTS's, as the network takes it, with ? for the patient's sides.
  Grid grid;
  SliceNumbers numbers;
  std::vector<VolumeView<float>> images;  // the task's modalities; 0: background
  VolumeView<uint8_t> prediction;
  std::optional<VolumeView<uint8_t>> reference;
};

// Returns a PNG, `width` pixels wide. It shows axial, coronal and sagittal slices, true to scale, in radiological
// orientation. They go through the largest slices of all labels but background in the reference or, where there is
// none, in the prediction. Each of the task's regions has a row, over the modality that shows it. Where `plain`, a row
// above the first of each modality shows it alone. With a reference, voxels of both are filled, the prediction has a
// solid outline and the reference a dashed one. Grey goes from the 1st to the 99.5th percentile of the voxels that are
// not 0.
std::string overlay_png(const OverlayCase& c, int width, bool plain);

}  // namespace revunet::io

// A segmentation over its images, on three planes through the tumour, to look at.
#pragma once

#include <optional>
#include <string>

#include "io/nifti/orientation.h"
#include "io/pictures/volume.h"

namespace revunet::io {

// Where the voxels that are drawn lie in the case's files, whose numbers the slices have.
struct SliceNumbers {
  Orientation orientation;  // from the files to BraTS's order
  Size3 size{};             // of the whole volume, in BraTS's order
  Size3 first{};            // voxel of it that is (0, 0, 0) here; negative where what is drawn is padded

  // "z = 27", of the slice with this index along an axis of what is drawn.
  std::string of_slice(size_t axis, int64_t index) const;
};

// All volumes are of one size.
struct OverlayCase {
  std::string title;
  // The grid of the volumes as they are here, which need not be that of a file; only directions matter in its affine. A
  // grid that is not oriented is taken as BraTS's, as the network takes it, with ? for the patient's sides.
  Grid grid;
  SliceNumbers numbers;
  VolumeView<float> t1ce, flair;  // 0: background
  VolumeView<uint8_t> prediction;
  std::optional<VolumeView<uint8_t>> reference;
};

// A PNG, `width` pixels wide: axial, coronal and sagittal slices, true to scale, in radiological orientation; through
// the largest slices of the whole tumour in the reference, or, where there is none, in the prediction. In rows: WT over
// FLAIR, then TC and ET over T1ce; where `plain`, each of the two images as it is above what is drawn over it. With a
// reference, what both have is filled, the prediction has a solid outline and the reference a dashed one. Grey from the
// 1st to the 99.5th percentile of the voxels that are not 0.
std::string overlay_png(const OverlayCase& c, int width, bool plain);

}  // namespace revunet::io

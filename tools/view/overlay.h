// A segmentation over its images, on three planes through the tumour, to look at.
#pragma once

#include <optional>
#include <string>

#include "io/nifti.h"
#include "tools/view/volume.h"

namespace revunet::tools {

// All volumes are of one size, on a grid of these directions and this spacing.
struct OverlayCase {
  std::string title;
  Eigen::Matrix4d affine = Eigen::Matrix4d::Identity();  // only its directions matter
  std::array<double, 3> spacing = {1, 1, 1};             // mm
  io::Size3 first_voxel{};                               // what of the file is voxel 0 here: for the slices' numbers
  VolumeView<float> t1ce, flair;                         // 0: background
  VolumeView<uint8_t> prediction;
  std::optional<VolumeView<uint8_t>> reference;
};

// A PNG, `width` pixels wide: axial, coronal and sagittal slices, true to scale, in radiological orientation; through
// the largest slices of the whole tumour in the reference, or, where there is none, in the prediction. In rows: T1ce
// and FLAIR as they are (where `plain`), then the regions of prediction and reference over FLAIR. Grey from the 1st to
// the 99.5th percentile of the voxels that are not 0.
std::string overlay_png(const OverlayCase& c, int width, bool plain);

}  // namespace revunet::tools

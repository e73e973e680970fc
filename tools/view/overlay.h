// A segmentation over its images, on three planes through the tumour, to look at.
#pragma once

#include <optional>
#include <string>

#include "io/orientation.h"
#include "tools/view/volume.h"

namespace revunet::tools {

// All volumes are of one size.
struct OverlayCase {
  std::string title;
  // Of the volumes as they are here, which need not be that of a file; of the affine only directions matter. A grid
  // that is not oriented is taken as BraTS's, as the network takes it, with ? for the patient's sides.
  io::Grid grid;
  std::optional<io::Orientation> numbering;  // from a whole file's voxels to these: slices have its numbers; none: none
  VolumeView<float> t1ce, flair;             // 0: background
  VolumeView<uint8_t> prediction;
  std::optional<VolumeView<uint8_t>> reference;
};

// A PNG, `width` pixels wide: axial, coronal and sagittal slices, true to scale, in radiological orientation; through
// the largest slices of the whole tumour in the reference, or, where there is none, in the prediction. In rows: T1ce
// and FLAIR as they are (where `plain`), then the regions of prediction and reference over FLAIR. Grey from the 1st to
// the 99.5th percentile of the voxels that are not 0.
std::string overlay_png(const OverlayCase& c, int width, bool plain);

}  // namespace revunet::tools

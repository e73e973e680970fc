#include "tools/train/augmentation_options.h"

#include "tools/train/training_values.h"

namespace revunet::tools {

std::vector<Option> augmentation_options(TrainSettings& s) {
  return {
      {.name = "augment",
       .value = choice<Augmentation>(
           s.augment, {{"none", Augmentation::none}, {"paper", Augmentation::paper}, {"strong", Augmentation::strong}}),
       .help = "random changes to training samples: none; paper: flips, rotation, scaling and elastic deformation "
               "in the planes of --rotation-plane, and an intensity shift of each modality; strong: also noise, "
               "blur, brightness, contrast, low resolution and gamma, each with its own probability, as in nnU-Net",
       .on = "paper or strong"},
      {.name = "rotation",
       .value = number(s.ranges.rotation, {0, 180}),
       .help = "maximum rotation angle, degrees",
       .needs = "augment"},
      {.name = "rotation-plane",
       .value = choice<int>(s.ranges.plane_normal, {{"xy", 2}, {"xz", 1}, {"yz", 0}}),
       .help = "plane in which images are rotated, scaled and deformed; nothing is resampled along the third axis, so "
               "choose the plane of the finest voxels",
       .needs = "augment"},
      {.name = "scaling",
       .value = number_pair(s.ranges.scale_low, s.ranges.scale_high),
       .help = "minimum and maximum scaling factor in the plane",
       .needs = "augment"},
      {.name = "deformation",
       .value = number(s.ranges.deformation, {0, 1000}),
       .help = "standard deviation of the displacements at the plane's 3x3 control points of the elastic deformation, "
               "voxels",
       .needs = "augment"},
      {.name = "flip",
       .value = number(s.ranges.flip, {0, 1}),
       .help = "probability of a flip along each axis of --flip-axes",
       .needs = "augment",
       .on = "above 0"},
      {.name = "flip-axes",
       .value = axes(s.ranges.flip_axes),
       .help = "axes along which samples may be flipped (x: right to left, y: front to back, z: feet to head), or none",
       .needs = "flip"},
      {.name = "drop-modality",
       .value = number(s.run.drop_modality, {.least = 0, .most = 1, .below = true}),
       .help = "probability that a training sample lacks a modality, independently of the others, but never all of "
               "them: the network learns to do without, as revunet-predict --missing-modality zero asks of it"},
      {.name = "intensity-shift",
       .value = number(s.ranges.intensity_shift, {0, 100}),
       .help = "maximum intensity shift, in standard deviations of the modality",
       .needs = "augment"}};
}

}  // namespace revunet::tools

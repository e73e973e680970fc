// This file draws random changes of training samples. Rule: those of a case follow from (seed, epoch, case) alone.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/rng.h"
#include "io/preprocessing/preprocessing.h"
#include "kernels/change_intensities/change_intensities.h"
#include "kernels/warp_planes/warp_planes.h"

namespace revunet {

// Changes are drawn from these ranges, all independently and uniformly unless said otherwise.
struct AugmentationRanges {
  bool strong = false;   // whether draw_intensities is used too
  int plane_normal = 2;  // 0 x, 1 y, 2 z: rotation, scaling and deformation are in the planes perpendicular to it
  double rotation = 15;  // degrees about that axis, to either side
  double scale_low = 0.9, scale_high = 1.1;  // of sizes in the plane
  double deformation = 10;                   // voxels: standard deviation of normal displacements at 3 x 3 points
  double flip = 0.5;                         // probability of a flip along each axis that may be flipped
  std::array<bool, 3> flip_axes = {true, true, true};  // x, y, z
  double intensity_shift = 0.1;                        // of each modality, standard deviations to either side
  bool operator==(const AugmentationRanges&) const = default;
};

// Throws UsageError, with the flag, for ranges that make no sense.
void check_augmentation(const AugmentationRanges& ranges);

// Returns the random numbers of the `index`-th training case in an epoch.
Rng augmentation_rng(uint64_t seed, int64_t epoch, size_t index);

// Returns how many voxels around and within a patch its augmentation reads at most, where the patch lies in the centre
// of them: those of the rotated patch at the smallest scale, and two standard deviations of the deformation to each
// side. What a larger deformation reads beyond is 0.
io::Size3 size_around(const io::Size3& patch, const AugmentationRanges& ranges);

// Draws the same random numbers whatever the axes: those of an axis that may not be flipped are ignored.
PlaneWarp draw_warp(const AugmentationRanges& ranges, size_t modalities, Rng& rng);

// Uses nnU-Net's probabilities and ranges (Isensee et al., 2021, supplement). A tenth of the samples get noise of a
// deviation up to 0.1. A fifth get a blur of 0.5 to 1 voxels, in half of the modalities. 15 % each get brightness and
// contrast from 0.75 to 1.25. A quarter get half to full resolution, in half of the modalities. Gamma is from 0.7 to
// 1.5, inverted in a tenth, and as it is in 30 %. Factors are drawn for each modality.
IntensityChanges draw_intensities(std::span<const io::ModalityStatistics> statistics, Rng& rng);

}  // namespace revunet

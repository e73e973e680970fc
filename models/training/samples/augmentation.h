// Random changes of training samples. Rule: those of a case follow from (seed, epoch, case) alone.
#pragma once

#include <cstdint>

#include "engine/rng.h"
#include "io/preprocessing/preprocessing.h"
#include "kernels/change_intensities/change_intensities.h"
#include "kernels/warp_planes/warp_planes.h"

namespace revunet {

// From which changes are drawn, all independently and uniformly unless said otherwise.
struct AugmentationRanges {
  bool strong = false;                       // draw_intensities too
  double rotation = 15;                      // degrees about z, to either side
  double scale_low = 0.9, scale_high = 1.1;  // of sizes in the plane
  double deformation = 10;                   // voxels: standard deviation of normal displacements at 3 x 3 points
  double flip = 0.5;                         // probability of a flip along each axis
  double intensity_shift = 0.1;              // of each modality, standard deviations to either side
  bool operator==(const AugmentationRanges&) const = default;
};

// Throws UsageError, naming the flag, for ranges that make no sense.
void check_augmentation(const AugmentationRanges& ranges);

// The random numbers of the `index`-th training case in an epoch.
Rng augmentation_rng(uint64_t seed, int64_t epoch, size_t index);

PlaneWarp draw_warp(const AugmentationRanges& ranges, Rng& rng);

// With nnU-Net's probabilities and ranges (Isensee et al., 2021, supplement): noise of a deviation up to 0.1 in a tenth
// of the samples; in a fifth a blur of 0.5 to 1 voxels, of half of the modalities; brightness and contrast from 0.75 to
// 1.25 in 15 % each; in a quarter half to full resolution, of half of the modalities; gamma from 0.7 to 1.5, inverted
// in a tenth, else as it is in 30 %. Factors are drawn for each modality.
IntensityChanges draw_intensities(const std::array<io::ModalityStatistics, io::modality_count>& statistics, Rng& rng);

}  // namespace revunet

// This file chooses what a dataset of another task than BraTS's is trained on: patches where the memory budget does not
// hold its field of view, and how many samples of them.
#pragma once

#include <vector>

#include "tools/train/train_settings.h"

namespace revunet::tools {

constexpr int64_t kLeastCoarsest = 2;  // voxels of a patch on the network's coarsest level, along an axis

// Sizes here are voxels along x, y, z.

// Returns patches from `size` downwards, each one `multiple` shorter along one axis than the one before: along the axis
// that has most of the median case, so that the patches come to have its proportions. nnU-Net shrinks its patches by
// this rule (Isensee et al., 2021). No axis becomes shorter than kLeastCoarsest multiples.
std::vector<io::Size3> shrinking_patches(const io::Size3& size, const io::Size3& median, const io::Size3& multiple);

// Returns how many epochs show the network as many voxels as 5,000 samples of the median case have, of patches 250,000
// at most. There are 10 to 1,000 epochs. A median case has no more voxels along an axis than the field of view `size`.
int64_t default_epochs(const io::Size3& median, const io::Size3& size, const io::Size3& sample, int64_t training_cases);

// Returns how many epochs take as long as a validation that predicts so many windows of each of its cases.
double epochs_of_validation(int64_t windows, int64_t validation_cases, int64_t training_cases);

// Returns how the run validates before a memory budget decides. Without a choice, a pass sees the whole field of view,
// except where each case has its own.
ValidationPass validation_of(const TrainOptions& run, const ModeChoice& modes);

// Sets what is open of `patch`, `field`, `foreground-by`, `deformation` and `epochs`, where cases decide it
// (settings.facts). The patch is the largest of shrinking_patches that a mode trains on within the budget; without a
// budget, and where the whole field of view fits or nothing does, there is none.
void choose_samples(OptionTable& options, TrainSettings& settings);

// Sets `validate-every`, where it is open and cases decide it, so that validation by patches takes no more time than
// training.
void choose_validate_every(OptionTable& options, TrainSettings& settings);

}  // namespace revunet::tools

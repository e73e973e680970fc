// A Sample is what one pass of training sees: a case's field of view, or a patch of it, augmented or not.
//
// Rule: a case is shared and never changes. A patch that is not augmented is copied out of the case on the host.
// Everything else happens on the device.
#pragma once

#include <memory>

#include "engine/rng.h"
#include "io/preprocessing/preprocessing.h"
#include "models/sample_stage.h"
#include "models/training/samples/augmentation.h"
#include "models/training/samples/case_loader.h"

namespace revunet {

struct Sample {
  std::shared_ptr<const void> owner;  // of what `voxels` points to
  HostSample voxels;                  // what a step takes
};

// Returns the whole field of view.
Sample whole_sample(SharedCase c);

// Returns a patch within the field of view. A share of the patches, `foreground`, holds a voxel of a region at a random
// place inside, so that small regions are seen at all; the others lie anywhere.
Sample random_patch(const io::Preprocessed& c, const io::Size3& patch, double foreground, Rng rng);

// Returns which modalities a sample lacks: each with this probability, but never all of them.
std::vector<bool> draw_missing(size_t modalities, double probability, Rng rng);

// Returns the sample with zeros in the modalities that it lacks, which is what a prediction without them sees.
Sample without_modalities(Sample sample, const std::vector<bool>& missing);

// Returns the whole field of view with the window of a patch of its augmented self. Where the window is put on a voxel
// of a region, it is on the place where flips, rotation and scaling move that; deformation may move it a little
// further.
Sample augmented_sample(SharedCase c, const PlaneWarp& warp, const io::Size3& patch, double foreground, Rng rng);

}  // namespace revunet

// A Sample is what one pass of training sees: a case's field of view, or a patch of it, augmented or not.
//
// Rule: a case is shared and never changes. Patches are copied out of the case on the host, with what surrounds them
// where they are augmented in a field of view of the case's own. Warps and intensities happen on the device.
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

// ForegroundBy says how a patch is placed on a region.
enum class ForegroundBy {
  voxel,   // on any voxel of a region, all as likely
  region,  // on a voxel of a region of the case, all regions as likely, so that small ones are seen as often
};

// A PatchPlace says where random patches lie.
struct PatchPlace {
  io::Size3 size{};       // voxels
  double foreground = 0;  // share of the patches that hold a voxel of a region, at a random place inside
  ForegroundBy by = ForegroundBy::voxel;
};

// Returns the whole field of view.
Sample whole_sample(SharedCase c);

// Returns a patch within the field of view. A share of the patches is placed on a region, so that small regions are
// seen at all; the others lie anywhere.
Sample random_patch(const io::Preprocessed& c, const PatchPlace& place, Rng rng);

// Returns which modalities a sample lacks: each with this probability, but never all of them.
std::vector<bool> draw_missing(size_t modalities, double probability, Rng rng);

// Returns the sample with zeros in the modalities that it lacks, which is what a prediction without them sees.
Sample without_modalities(Sample sample, const std::vector<bool>& missing);

// Returns the whole field of view with the window of a patch of its augmented self. Where the window is put on a voxel
// of a region, it is on the place where flips, rotation and scaling move that; deformation may move it a little
// further.
Sample augmented_sample(SharedCase c, const PlaneWarp& warp, const PatchPlace& place, Rng rng);

// Returns `around` voxels of the field of view about a patch, with the patch of their augmented selves as the window in
// their centre, so that the patch turns about its own centre. What lies outside of the field of view is 0. A patch that
// is placed on a voxel of a region holds it after flips, rotation and scaling, but for a few at the field's border.
Sample augmented_patch(const io::Preprocessed& c, const PlaneWarp& warp, const PatchPlace& place,
                       const io::Size3& around, Rng rng);

}  // namespace revunet

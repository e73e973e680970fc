// What one pass of training sees: a case's field of view, or a patch of it, augmented or not.
#pragma once

#include <optional>
#include <vector>

#include "engine/rng.h"
#include "io/preprocessing/preprocessing.h"
#include "models/sample_stage.h"
#include "models/training/samples/augmentation.h"

namespace revunet {

struct Sample {
  io::Size3 size{};           // of image and target
  std::vector<float> image;   // (X, Y, Z, 4)
  std::vector<float> target;  // (X, Y, Z, 3): WT, TC, ET
  std::optional<SampleWindow> window = {};

  // What a step takes. The sample outlives it.
  HostSample view() const { return {size, image, target, window}; }
};

// The whole field of view.
Sample whole_sample(const io::Preprocessed& c);

// A patch within the field of view. A share of the patches, `foreground`, holds a voxel of the tumour at a random place
// inside, so that small tumours are seen at all; the others lie anywhere.
Sample random_patch(const io::Preprocessed& c, const io::Size3& patch, double foreground, Rng rng);

// The whole field of view with the window of a patch of its augmented self. Where the window is put on a voxel of the
// tumour, it is on the place where flips, rotation and scaling move that; deformation may move it a little further.
Sample augmented_sample(const io::Preprocessed& c, const PlaneWarp& warp, const io::Size3& patch, double foreground,
                        Rng rng);

}  // namespace revunet

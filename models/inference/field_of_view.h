// This file decides what the networks of a prediction see of a case at once: what the options choose, otherwise what
// the weights were trained on.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "models/inference/sliding_window.h"
#include "models/inference/weights_file.h"

namespace revunet {

// These are --size, --patch, --overlap and --background as they were given.
struct FieldOfViewOptions {
  std::string size;   // empty: as the weights say
  std::string patch;  // full (or none), or a size; empty: as the weights say
  std::optional<double> overlap;
  std::optional<io::Background> background = {};  // none: as the weights say
};

constexpr double kDefaultOverlap = 0.5;  // between neighbouring patches, as a share of their size

struct FieldOfView {
  std::optional<io::VolumeSize> size;  // none: the box of each case's voxels that are not zero
  std::optional<Windows> windows;      // none: one pass
  io::Background background;           // subtracted from the images
  std::string description;             // text for people, such as "field of view 160,192,160 (from the weights)"
};

// A TrainedNetwork is a network's file and what it says.
struct TrainedNetwork {
  std::filesystem::path file;
  WeightsInfo info;
};

// Returns one field of view for all networks. Predicts by patches where --patch says so, or where all weights name one
// patch; then all that is not zero is seen, or --size of it. Throws UsageError for options that make no sense, sizes
// that a network does not take, and weights that disagree where no option decides.
FieldOfView field_of_view(const FieldOfViewOptions& options, std::span<const TrainedNetwork> networks);

}  // namespace revunet

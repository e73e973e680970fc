// What the networks of a prediction see of a case at once: the options' choice, else what the weights were trained on.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "models/inference/sliding_window.h"
#include "models/inference/weights_file.h"

namespace revunet {

// --size, --patch, --overlap and --background as they were given.
struct FieldOfViewOptions {
  std::string size;   // empty: the weights' own
  std::string patch;  // full (or none), or a size; empty: the weights' own
  std::optional<double> overlap;
  std::optional<io::Background> background = {};  // none: the weights' own
};

constexpr double kDefaultOverlap = 0.5;  // of neighbouring patches, as a share of their size

struct FieldOfView {
  std::optional<io::VolumeSize> size;  // none: each brain's own
  std::optional<Windows> windows;      // none: one pass
  io::Background background;           // is subtracted from the images
  std::string description;             // for people: "field of view 160,192,160 (from the weights)"
};

// What a network's file says, and the file.
struct TrainedNetwork {
  std::filesystem::path file;
  WeightsInfo info;
};

// One for all networks. By patches where --patch says so, or all weights name one patch: then the whole brain is seen,
// or --size of it. UsageError for options that make no sense, sizes that a network does not take, and weights that
// disagree where no option decides.
FieldOfView field_of_view(const FieldOfViewOptions& options, std::span<const TrainedNetwork> networks);

}  // namespace revunet

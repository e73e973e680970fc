// This file computes the normalised surface Dice (NSD) of two masks: the share of their surfaces that lies within a
// tolerance of the other's.
//
// Source: Nikolov et al., "Deep learning to achieve clinically applicable segmentation of head and neck anatomy"
// (arXiv 1809.04430).
//
// Non-obvious rule: two definitions are in use, which differ on the same masks, so a number means nothing without its
// definition and its tolerance.
#pragma once

#include <string_view>

#include "io/scores/surface_distances.h"

namespace revunet::io {

enum class Nsd {
  surfel,  // DeepMind's surface-distance: area of both surfaces within the tolerance / area of both surfaces
  edge,    // panoptica: the mean of the two masks' shares of edge voxels within the tolerance
};

constexpr std::string_view name_of(Nsd definition) {
  return definition == Nsd::surfel ? "surfel" : "edge";
}

// Returns a sentence for reports, which must say what their numbers mean.
std::string_view definition_of(Nsd definition);

// Returns the kind of surface that a definition measures between.
Surface surface_of(Nsd definition);

// Returns a share from 0 to 1. Neither surface is empty, and both are of the definition's kind. The tolerance is in mm,
// and a distance of the tolerance itself is within it, to the precision of headers (io/scores/header_precision.h).
double surface_dice(const SurfaceDistances& distances, double tolerance, Nsd definition);

}  // namespace revunet::io

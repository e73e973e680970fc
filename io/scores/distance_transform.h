// This file computes exact Euclidean distances from every point of a grid to the nearest marked one, at any spacing.
#pragma once

#include "io/preprocessing/mask_box.h"

namespace revunet::io {

// Returns mm^2 from each point to the nearest point where sources is non-zero, x fastest. There is at least one source.
// The time is linear in the number of points (lower envelopes of parabolas, one axis after the other: Felzenszwalb and
// Huttenlocher, Distance Transforms of Sampled Functions, 2012).
std::vector<double> squared_distances(std::span<const uint8_t> sources, const Index3& size, const Spacing3& spacing);

}  // namespace revunet::io

// This file predicts a volume of any size by overlapping windows of one size, in memory that the window decides.
//
// Non-obvious rule: a network that normalises over its input (GroupNorm) predicts a window as if nothing lay around it,
// so windows should be as large as the patches that it was trained on.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "io/preprocessing/preprocessing.h"

namespace revunet {

struct Windows {
  io::VolumeSize size;   // voxels
  double overlap = 0.5;  // between neighbours, as a share of their size: 0 <= overlap < 1
};

// Returns where windows begin along an axis of `length` >= `window` voxels. There are as few as overlap at least so
// much, evenly spread, the first at 0 and the last at length - window.
std::vector<int64_t> window_starts(int64_t length, int64_t window, double overlap);

// Returns the number of windows of a volume, along all axes.
int64_t window_count(const io::Size3& size, const Windows& windows);

// Returns weights (X, Y, Z): a Gaussian about the window's centre, whose deviation is an eighth of the window along
// each axis, as in nnU-Net (Isensee et al., 2021). Voxels near a window's border have seen the least around them.
std::vector<float> importance(const io::Size3& window);

// A WindowNetwork maps a window (X, Y, Z, channels in) to (X, Y, Z, channels out).
using WindowNetwork = std::function<std::vector<float>(std::span<const float>)>;

// Takes image (X, Y, Z, in), in which no axis is shorter than the window's. Returns (X, Y, Z, out): at each voxel the
// mean of the windows that hold it, weighted by importance. In addition to the network's memory, it takes 4 (out + 1)
// bytes per voxel of the image, and a window. Windows come in one order, x slowest. Throws Error where sizes do not
// match.
std::vector<float> predict_by_windows(std::span<const float> image, const io::Size3& size, int64_t in, int64_t out,
                                      const Windows& windows, const WindowNetwork& network);

}  // namespace revunet

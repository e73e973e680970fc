#include "io/check/voxel_summary.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "io/dataset/background.h"

namespace revunet::io {
namespace {

constexpr size_t sample_count = 8192;  // voxels; a background of a tenth of an image stands out from fewer

// Returns the most frequent value. A NaN counts as none, because it equals nothing.
float most_frequent(std::span<const float> voxels) {
  // An odd stride does not run along one column of an image, whose sizes are mostly even.
  const size_t stride = voxels.size() / sample_count | 1;
  std::vector<float> sample;
  for (size_t i = 0; i < voxels.size(); i += stride) {
    if (std::isfinite(voxels[i])) sample.push_back(voxels[i]);
  }
  std::ranges::sort(sample);
  float best = 0;
  std::ptrdiff_t most = 0;
  for (auto at = sample.begin(); at != sample.end();) {
    const auto end = std::upper_bound(at, sample.end(), *at);
    if (end - at > most) {
      most = end - at;
      best = *at;
    }
    at = end;
  }
  return best;
}

NonzeroBox box_of(std::span<const float> voxels, const Size3& size) {
  NonzeroBox box{.low = size, .high = {0, 0, 0}};
  const auto is_nonzero = [](float v) { return v != 0; };
  for (int64_t z = 0; z < size[2]; ++z) {
    for (int64_t y = 0; y < size[1]; ++y) {
      const auto row = voxels.subspan(static_cast<size_t>((z * size[1] + y) * size[0]), static_cast<size_t>(size[0]));
      const int64_t low = std::ranges::find_if(row, is_nonzero) - row.begin();
      if (low == size[0]) continue;
      const int64_t high = std::find_if(row.rbegin(), row.rend(), is_nonzero).base() - row.begin();
      box.low = {std::min(box.low[0], low), std::min(box.low[1], y), std::min(box.low[2], z)};
      box.high = {std::max(box.high[0], high), std::max(box.high[1], y + 1), std::max(box.high[2], z + 1)};
    }
  }
  return box;
}

}  // namespace

VoxelSummary summary_of(std::span<const float> voxels, const Size3& size) {
  VoxelSummary summary{
      .box = box_of(voxels, size), .frequent = most_frequent(voxels), .corner = value_of_corners(voxels, size)};
  int64_t zeros = 0, frequent = 0;
  for (const float v : voxels) {
    zeros += v == 0;
    frequent += v == summary.frequent;
    if (v == 0) continue;
    if (!std::isfinite(v)) {
      ++summary.non_finite;
      continue;
    }
    if (summary.first == 0) summary.first = v;
    summary.varies |= v != summary.first;
  }
  summary.zero_share = static_cast<double>(zeros) / static_cast<double>(voxels.size());
  summary.frequent_share = static_cast<double>(frequent) / static_cast<double>(voxels.size());
  return summary;
}

}  // namespace revunet::io

// These sums over voxels have the same bits at any number of threads. The volume's shape alone cuts it into chunks, one
// thread sums each chunk, and the chunks' sums are added in order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace revunet {

// A chunk has so many elements. Its f32 data fits a 512 KiB second-level cache, so a second pass over it is nearly
// free.
inline constexpr int64_t kChunkElements = 32768;

// Returns the least number of voxels of `channels` values whose values fill whole vectors of 16. Channel patterns
// repeat after so many voxels.
inline int64_t pattern_voxels(int64_t channels) {
  return 16 / std::gcd(int64_t{16}, channels);
}

// Returns the number of voxels per chunk: about kChunkElements elements, in whole patterns.
inline int64_t chunk_voxels(int64_t channels) {
  const int64_t pattern = pattern_voxels(channels);
  return std::max<int64_t>(1, kChunkElements / (channels * pattern)) * pattern;
}

// Calls f(chunk, begin, end) for every chunk of [0, voxels), in parallel.
template <class F>
void for_each_chunk(int64_t voxels, int64_t channels, F f) {
  const int64_t size = chunk_voxels(channels), chunks = (voxels + size - 1) / size;
#pragma omp parallel for
  for (int64_t chunk = 0; chunk < chunks; ++chunk) f(chunk, chunk * size, std::min(voxels, (chunk + 1) * size));
}

// Returns `width` sums. add(begin, end, sums) adds those of the voxels [begin, end) of each chunk.
template <class F>
std::vector<double> sum_chunks(int64_t voxels, int64_t channels, int64_t width, F add) {
  const int64_t size = chunk_voxels(channels), chunks = (voxels + size - 1) / size;
  std::vector<double> partial(static_cast<size_t>(chunks * width));
  for_each_chunk(voxels, channels,
                 [&](int64_t chunk, int64_t begin, int64_t end) { add(begin, end, partial.data() + chunk * width); });
  std::vector<double> sums(static_cast<size_t>(width));
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    for (int64_t i = 0; i < width; ++i) sums[static_cast<size_t>(i)] += partial[static_cast<size_t>(chunk * width + i)];
  }
  return sums;
}

}  // namespace revunet

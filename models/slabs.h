// This file cuts a volume into slabs of planes, so that scratch is as large as a slab.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace revunet {

// A Slab has the planes [first, first + count) of a volume. A convolution of 3x3x3 reads [low, low + planes), which has
// the planes next to them, as far as there are any.
struct Slab {
  int64_t first, count, low, planes;
  int64_t offset() const { return first - low; }
};

// Returns the slabs of a volume of D planes, which all read as many. There are twelve of them, or fewer, so that the
// planes which slabs have in common cost at most a quarter of the work where D is a multiple of 16. Returns nothing for
// a small volume, of which two slabs are as large as the whole.
inline std::vector<Slab> slabs_of(int64_t D) {
  constexpr int64_t kMostSlabs = 12, kLeastPlanes = 8;
  const int64_t planes = std::max(kLeastPlanes, (D + kMostSlabs - 1) / kMostSlabs) + 2;
  if (2 * planes >= D) return {};
  std::vector<Slab> slabs;
  for (int64_t first = 0; first < D;) {
    const int64_t low = std::clamp<int64_t>(first - 1, 0, D - planes);
    const int64_t end = low + planes == D ? D : low + planes - 1;
    slabs.push_back({first, end - first, low, planes});
    first = end;
  }
  return slabs;
}

}  // namespace revunet

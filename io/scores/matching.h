// This file matches two sets one to one so that the pairs weigh as much as possible (maximum weight bipartite
// matching).
#pragma once

#include <cstdint>
#include <vector>

namespace revunet::io {

// A pair of elements that may be matched, numbered from 0 in each of the two sets.
struct WeightedPair {
  int32_t left, right;
  double weight;  // above 0
};

// Returns the pairs of a matching of the largest total weight, ordered by `left`. Where several matchings weigh the
// same, it is one of them, and always the same one. A pair of elements is listed at most once. The time is cubic in the
// elements that are connected by pairs, by the Hungarian method (Kuhn 1955, Munkres 1957), and the memory quadratic.
std::vector<WeightedPair> heaviest_matching(const std::vector<WeightedPair>& pairs);

}  // namespace revunet::io

// Makes labels for tests of training steps.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/rng.h"

namespace revunet::test {

// Returns labels that are 0, 1, 2 or 4, each as often as the others.
inline std::vector<uint8_t> random_labels(int64_t count, uint64_t random_sequence) {
  constexpr std::array<uint8_t, 4> kLabels = {0, 1, 2, 4};
  Rng rng(6, random_sequence);
  std::vector<uint8_t> labels(static_cast<size_t>(count));
  for (uint8_t& label : labels) label = kLabels[static_cast<size_t>(rng.below(4))];
  return labels;
}

}  // namespace revunet::test

// These random numbers depend on a key and a counter alone, so every voxel's draw is the same whichever thread makes
// it.
//
// Non-obvious rule: nothing from <random> is used, because its distributions differ between standard libraries.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

#include "engine/rng.h"

namespace revunet::io {

// Returns a key for one of many independent sequences under a parent key.
inline uint64_t derive_key(uint64_t parent, uint64_t random_sequence) {
  return splitmix64(splitmix64(parent) ^ random_sequence);
}

// Returns the top 53 bits as a number in [0, 1).
inline double unit_interval(uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

// Returns two independent standard normal numbers for a counter (Box and Muller, 1958).
inline std::pair<double, double> normal_pair(uint64_t key, uint64_t counter) {
  const uint64_t bits = splitmix64(key + counter);
  const double radius = std::sqrt(-2 * std::log(1 - unit_interval(bits)));
  const double angle = 2 * std::numbers::pi * unit_interval(splitmix64(bits));
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

// Draws in sequence, for the few parameters of a case.
class Random {
 public:
  explicit Random(uint64_t key) : key_(key) {}
  double uniform(double low, double high) { return low + (high - low) * unit_interval(splitmix64(key_ + counter_++)); }
  // Returns +1 or -1 with equal chances.
  double sign() { return uniform(-1, 1) < 0 ? -1 : 1; }

 private:
  uint64_t key_;
  uint64_t counter_ = 0;
};

}  // namespace revunet::io

// This is a counter-based random number generator. Value i of sequence s depends on (seed, s, i) only, so results do
// not depend on threads or on the standard library. Source: splitmix64, Steele, Lea and Flood (OOPSLA 2014).
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "engine/host_device.h"

namespace revunet {

REVUNET_HOST_DEVICE constexpr uint64_t splitmix64(uint64_t z) {
  z += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t sequence = 0) : key_(splitmix64(seed ^ splitmix64(sequence))) {}

  uint64_t next() { return splitmix64(key_ + counter_++); }
  // Returns a number in [0, 1), with 53 random bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // Returns an integer in [0, n). The bias of the modulus is below n / 2^64.
  int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }
  // Returns a normal number of mean 0 and variance 1 (Box and Muller). One of the pair is dropped, so that each value
  // takes one pair of counters.
  double normal() {
    const double u = 1.0 - uniform(), v = uniform();
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
  }

 private:
  uint64_t key_;
  uint64_t counter_ = 0;
};

}  // namespace revunet

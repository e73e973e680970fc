// This file compares distances and volumes of an image with limits that a user or a challenge gives.
//
// Non-obvious rule: headers hold affines as float32, so an oblique grid of 1 mm has spacings such as 1.00000003. What
// lies within this rounding of a limit lies at it. Otherwise the angle of the axes would decide.
#pragma once

namespace revunet::io {

// This is a share of the limit. A float32 is exact to 6e-8, and a volume is the product of three spacings.
inline constexpr double header_precision = 1e-6;

constexpr bool at_most(double value, double limit) {
  return value <= limit * (1 + header_precision);
}

constexpr bool at_least(double value, double limit) {
  return value >= limit * (1 - header_precision);
}

}  // namespace revunet::io

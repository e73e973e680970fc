// This file says where the ticks of an axis are and what they say: round values.
//
// Rule: there are few ticks on every axis, whatever the values are.
#pragma once

#include <string>
#include <vector>

namespace revunet::io {

// Axes show values up to this. Larger ones would overflow in sums and margins.
inline constexpr double kLargestDrawn = 1e300;

struct Ticks {
  double distance = 1;         // a round number
  std::vector<double> values;  // multiples of it, in ascending order
};

// Returns the multiples of a round number from `low` to `high`, which are at most kLargestDrawn. There are not more
// than `most` + 1.
Ticks ticks_between(double low, double high, int most);

// Returns the least round number of which `most` are at least `length`. length is larger than 0 and finite.
double tick_distance(double length, int most);

// Writes 12345678 as "12,345,678". Fractions keep the digits that ticks of this distance need. Where ticks lie very far
// apart or very close, the label has the form "2e+30".
std::string tick_label(double value, double distance);

}  // namespace revunet::io

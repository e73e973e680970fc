// Where the ticks of an axis are and what they say: round values.
//
// Rule: there are few ticks on every axis, whatever the values are.
#pragma once

#include <string>
#include <vector>

namespace revunet::io {

// What axes show. Larger values would overflow in sums and margins.
inline constexpr double kLargestDrawn = 1e300;

struct Ticks {
  double distance = 1;         // a round number
  std::vector<double> values;  // multiples of it, in ascending order
};

// The multiples of a round number from `low` to `high`, which are kLargestDrawn at most: not more than `most` + 1.
Ticks ticks_between(double low, double high, int most);

// The least round number of which `most` are at least `length`, which is larger than 0 and finite.
double tick_distance(double length, int most);

// 12345678 -> "12,345,678"; fractions keep the digits that ticks of this distance need. Where ticks lie very far apart
// or very close, as "2e+30".
std::string tick_label(double value, double distance);

}  // namespace revunet::io

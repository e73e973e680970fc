#include "io/pictures/ticks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace revunet::io {

namespace {

// Ticks between these distances have written-out labels. Beyond them, labels would not fit next to an axis.
constexpr double kClosest = 1e-4, kFarthest = 1e6;
constexpr double kRounding = 1e-9;  // share of the distance: a tick this far past the end of its axis is on it

}  // namespace

double tick_distance(double length, int most) {
  const double least = std::max(length / most, std::numeric_limits<double>::min());
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (length / (factor * power) <= most) return factor * power;
  }
  return 10 * power;
}

Ticks ticks_between(double low, double high, int most) {
  Ticks ticks;
  if (high > low) ticks.distance = tick_distance(high - low, most);
  const double first = std::ceil(low / ticks.distance - kRounding), last = high / ticks.distance + kRounding;
  for (int i = 0; i <= most && first + i <= last; ++i) ticks.values.push_back((first + i) * ticks.distance);
  return ticks;
}

std::string tick_label(double value, double distance) {
  if (std::abs(value) < distance / 2) value = 0;  // a remainder of rounding, which must not become "-0"
  if (distance < kClosest || distance > kFarthest) return fmt::format("{:g}", value);
  if (distance < 1) return fmt::format("{:.{}f}", value, static_cast<int>(std::ceil(-std::log10(distance) - 1e-9)));
  std::string digits = fmt::format("{:.0f}", value);
  const int64_t first = value < 0 ? 1 : 0;
  for (auto i = static_cast<int64_t>(digits.size()) - 3; i > first; i -= 3) digits.insert(static_cast<size_t>(i), ",");
  return digits;
}

}  // namespace revunet::io

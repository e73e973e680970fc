#include "io/text/durations.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace revunet::io {

std::string format_duration(double seconds) {
  const auto s = static_cast<int64_t>(std::lround(seconds));
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                   : fmt::format("{}:{:02}", s / 60, s % 60);
}

std::string approximate_duration(double seconds) {
  const auto s = static_cast<int64_t>(std::lround(seconds));
  const auto minutes = static_cast<int64_t>(std::lround(seconds / 60)), hours = (minutes + 30) / 60;
  if (s < 60) return fmt::format("{} s", s);
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 48 * 60) return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
  return fmt::format("{} d {} h", hours / 24, hours % 24);
}

}  // namespace revunet::io

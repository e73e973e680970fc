#include "io/text/byte_count.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "engine/error.h"
#include "io/text/lower_case.h"

namespace revunet::io {

namespace {

constexpr const char* kUnits = "a unit: KB, MB, GB or TB, of 1000, or KiB, MiB, GiB or TiB, of 1024";
constexpr double kLeast = 1 << 20;  // bytes: no run takes less
constexpr double kMost = 0x1p60;    // bytes: beyond any machine
constexpr std::string_view kPrefixes = "kmgtp";

// Returns the bytes of a unit, such as "", "B", "k", "MB" or "GiB".
std::optional<double> bytes_of_unit(std::string unit) {
  unit = lower_case(unit);
  if (unit.ends_with('b')) unit.pop_back();
  if (unit.empty()) return 1;
  const double base = unit.size() == 2 && unit[1] == 'i' ? 1024 : 1000;
  const size_t power = kPrefixes.find(unit[0]);
  if (power == std::string_view::npos || unit.size() > (base == 1024 ? 2u : 1u)) return std::nullopt;
  return std::pow(base, static_cast<double>(power + 1));
}

}  // namespace

uint64_t parse_bytes(const std::string& text) {
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const size_t used = static_cast<size_t>(stop - text.data());
  const size_t start = text.find_first_not_of(' ', used);
  const std::string unit = start == std::string::npos ? "" : text.substr(start);
  const std::optional<double> factor = bytes_of_unit(unit);
  REVUNET_EXPECTS(error == std::errc() && factor && number >= 0 && number * *factor <= kMost, UsageError,
                  "expected 0, or bytes with {}, got '{}'; write 8GiB, for example", kUnits, text);
  const double bytes = number * *factor;
  REVUNET_EXPECTS(bytes == 0 || bytes >= kLeast, UsageError,
                  "expected 0, or at least 1MiB, got {:.0f} bytes; did you mean {}GiB? Bytes take {}", bytes,
                  text.substr(0, used), kUnits);
  if (uint64_t whole = 0; unit.empty() && text.find('.') == std::string::npos) {  // keeps numbers beyond 2^53 exact
    std::from_chars(text.data(), stop, whole);
    return whole;
  }
  return static_cast<uint64_t>(bytes);
}

}  // namespace revunet::io

// This file reads texts that are one number, and nothing else.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace revunet::io {

// Returns the number that the whole text is, as std::from_chars reads it: without spaces, a + or a locale. Returns none
// for any other text, and for a number that Number cannot hold.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace revunet::io

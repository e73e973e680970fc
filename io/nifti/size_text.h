// These functions write sizes of volumes for messages.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <fmt/ranges.h>

namespace revunet::io {

// Writes "160 x 192 x 160", for a size that was found.
inline std::string size_text(const std::array<int64_t, 3>& size) {
  return fmt::format("{}", fmt::join(size, " x "));
}

// Writes "160,192,160", as people give it.
inline std::string size_as_given(const std::array<int64_t, 3>& size) {
  return fmt::format("{}", fmt::join(size, ","));
}

}  // namespace revunet::io

// This file reads and writes choices among the axes x, y and z, such as those along which an image is mirrored.
#pragma once

#include <array>
#include <string>

namespace revunet::io {

// Reads "none", or axes separated by commas, such as "x,y". Throws UsageError with `what` for anything else.
std::array<bool, 3> parse_axes(const std::string& text, const std::string& what);

// Returns the text that parse_axes reads as these axes. It has them in the order x, y, z.
std::string text_of_axes(const std::array<bool, 3>& axes);

}  // namespace revunet::io

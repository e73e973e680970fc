// This file reads numbers separated by commas, such as lists of channels, from options, configuration files and
// metadata.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace revunet::io {

// Reads "60,120,240" as numbers. Throws UsageError with `what` for anything else, including an empty text.
std::vector<int64_t> parse_list(const std::string& text, const std::string& what);

// Does the same for any numbers, such as "0.9,1.1".
std::vector<double> parse_numbers(const std::string& text, const std::string& what);

}  // namespace revunet::io

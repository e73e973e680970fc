// Numbers with commas between, such as lists of channels, from options, configuration files and metadata.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace revunet::io {

// "60,120,240" -> numbers. UsageError naming `what` for anything else, empty included.
std::vector<int64_t> parse_list(const std::string& text, const std::string& what);

// The same of any numbers: "0.9,1.1".
std::vector<double> parse_numbers(const std::string& text, const std::string& what);

}  // namespace revunet::io

// Comma-separated numbers: sizes and channel lists, from options, configuration files and metadata.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/volume_size.h"

namespace revunet::tools {

// "60,120,240" -> numbers. UsageError naming `what` for anything else, empty included.
std::vector<int64_t> parse_list(const std::string& text, const std::string& what);

// The same of any numbers: "0.9,1.1".
std::vector<double> parse_numbers(const std::string& text, const std::string& what);

// "160,192,160" -> x, y, z.
io::VolumeSize parse_size(const std::string& text, const std::string& what);

}  // namespace revunet::tools

// This file names options in messages: a library names the field, as `size`, and the command line has the flag, --size.
#pragma once

#include <string>
#include <string_view>

namespace revunet::tools {

// Returns the text with each `name` in backticks replaced by --name, where the name is one word of small letters,
// digits and dashes.
std::string with_flags(std::string_view text);

}  // namespace revunet::tools

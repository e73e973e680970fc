// Names of options in messages: a library names the field, as `size`, and the command line the flag, --size.
#pragma once

#include <string>
#include <string_view>

namespace revunet::tools {

// The text with --name in the place of each `name` in backticks, where that is one word of small letters, digits and
// dashes.
std::string with_flags(std::string_view text);

}  // namespace revunet::tools

// Texts from outside, made fit for messages and for JSON.
//
// Rule: file names and what files say may be in any encoding and of any length; a message and a JSON file may not.
#pragma once

#include <string>
#include <string_view>

namespace revunet::io {

bool is_utf8(std::string_view text);

// UTF-8 for any bytes: those that are not UTF-8 become \xE9, and a backslash becomes two, so that other bytes give
// another text.
std::string escaped_utf8(std::string_view bytes);

// At most 160 bytes of the text for a message, with control characters as \x1b, and the length of what was cut.
std::string excerpt(std::string_view text);

}  // namespace revunet::io

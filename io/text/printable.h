// This file makes text from outside, such as names of files, safe to print, because a terminal takes control characters
// for commands.
#pragma once

#include <string>
#include <string_view>

namespace revunet::io {

// Returns the text with certain bytes as \xNN: those of a control character (C0 without the line break, DEL, C1), of a
// character that changes the direction of writing, and of no UTF-8. Line breaks stay, because messages have several
// lines.
std::string printable(std::string_view text);

// Does the same for text that must stay in one line, such as a name in a table: line breaks become \x0a.
std::string printable_line(std::string_view text);

// Returns at most 160 bytes of a text, in one line, and the length of what was cut. Messages that echo what a file says
// use it.
std::string excerpt(std::string_view text);

}  // namespace revunet::io

// Text from outside, such as names of files, made safe to print: a terminal takes control characters for commands.
#pragma once

#include <string>
#include <string_view>

namespace revunet::io {

// The text with each byte as \xNN that belongs to a control character (C0 without the line break, DEL, C1), to a
// character that changes the direction of writing, or to no UTF-8. Line breaks stay, as messages have several lines.
std::string printable(std::string_view text);

// The same for text that must stay in one line, such as a name in a table: line breaks become \x0a.
std::string printable_line(std::string_view text);

// At most 160 bytes of a text, in one line, and the length of what was cut: for messages that echo what a file says.
std::string excerpt(std::string_view text);

}  // namespace revunet::io

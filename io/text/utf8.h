// This file handles UTF-8, in which JSON is written. File names and the contents of files may be in any encoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace revunet::io {

struct Utf8Character {
  size_t length = 1;  // bytes
  bool valid = false;
  uint32_t code = 0;
};

// Returns the character at the front of a text that is not empty. An invalid one is one byte long.
Utf8Character first_character(std::string_view text);

bool is_utf8(std::string_view text);

// Returns UTF-8 for any bytes: those that are not UTF-8 become \xE9, and a backslash becomes two, so that other bytes
// give another text.
std::string escaped_utf8(std::string_view bytes);

// Returns how many characters UTF-8 has.
size_t count_characters(std::string_view text);

// Returns the first `count` characters of UTF-8, none of them cut in two.
std::string first_characters(std::string_view text, size_t count);

}  // namespace revunet::io

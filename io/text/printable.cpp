#include "io/text/printable.h"

#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

#include "io/text/utf8.h"

namespace revunet::io {
namespace {

constexpr size_t longest_excerpt = 160;  // bytes: two lines of a terminal

bool is_control(uint32_t code) {
  const bool c0_or_delete = code < 0x20 || code == 0x7f, c1 = code >= 0x80 && code < 0xa0;
  const bool separator = code == 0x2028 || code == 0x2029;
  const bool direction = code == 0x200e || code == 0x200f || code == 0x61c || (code >= 0x202a && code <= 0x202e) ||
                         (code >= 0x2066 && code <= 0x2069);
  return c0_or_delete || c1 || separator || direction;
}

std::string escaped(std::string_view text, bool keep_line_breaks) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Utf8Character c = first_character(text);
    const bool kept = c.valid && (!is_control(c.code) || (keep_line_breaks && c.code == '\n'));
    for (const char byte : text.substr(0, c.length)) {
      if (kept) result += byte;
      if (!kept) result += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
    text.remove_prefix(c.length);
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text) {
  return escaped(text, true);
}

std::string printable_line(std::string_view text) {
  return escaped(text, false);
}

std::string excerpt(std::string_view text) {
  size_t length = 0;
  while (length < text.size()) {
    const size_t next = length + first_character(text.substr(length)).length;
    if (next > longest_excerpt) break;
    length = next;
  }
  const std::string start = printable_line(text.substr(0, length));
  return length == text.size() ? start : fmt::format("{}... ({} bytes more)", start, text.size() - length);
}

}  // namespace revunet::io

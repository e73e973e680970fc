#include "io/printable.h"

#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

namespace revunet::io {
namespace {

struct Character {
  size_t length = 1;  // bytes
  bool valid = false;
  uint32_t code = 0;
};

// The character at the front of UTF-8 text that is not empty. One that is not valid is one byte long.
Character first_of(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {1, true, lead};
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};  // by length: a longer form than needed is not valid
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  uint32_t code = lead & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < least[length] || code > 0x10ffff || surrogate) return {};
  return {length, true, code};
}

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
    const Character c = first_of(text);
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

}  // namespace revunet::io

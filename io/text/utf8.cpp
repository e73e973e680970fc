#include "io/text/utf8.h"

#include <fmt/format.h>

#include <algorithm>

namespace revunet::io {

namespace {

// Later bytes of a character are marked.
bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

}  // namespace

Utf8Character first_character(std::string_view text) {
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

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character c = first_character(text);
    if (!c.valid) return false;
    text.remove_prefix(c.length);
  }
  return true;
}

std::string escaped_utf8(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const Utf8Character c = first_character(bytes);
    if (!c.valid) {
      text += fmt::format("\\x{:02X}", static_cast<unsigned char>(bytes[0]));
    } else {
      text += c.code == '\\' ? "\\\\" : bytes.substr(0, c.length);
    }
    bytes.remove_prefix(c.length);
  }
  return text;
}

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, begins_character));
}

std::string first_characters(std::string_view text, size_t count) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && ++characters > count) return std::string(text.substr(0, i));
  }
  return std::string(text);
}

}  // namespace revunet::io

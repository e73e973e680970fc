#include "io/text.h"

#include <fmt/format.h>

#include <cstddef>

namespace revunet::io {
namespace {

constexpr size_t longest_excerpt = 160;  // bytes: two lines of a terminal

// The length of the UTF-8 character that the text begins with (Unicode 15, table 3-7), 0 where it begins with none.
size_t character_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto continues = [&](size_t i, unsigned least = 0x80, unsigned most = 0xBF) {
    return byte(i) >= least && byte(i) <= most;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return text.empty() ? 0 : 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool second = continues(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return second && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool second = continues(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return second && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string escaped_utf8(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const size_t length = character_length(bytes);
    if (length == 0) {
      text += fmt::format("\\x{:02X}", static_cast<unsigned char>(bytes[0]));
    } else {
      text += bytes[0] == '\\' ? "\\\\" : bytes.substr(0, length);
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

std::string excerpt(std::string_view text) {
  std::string result;
  size_t used = 0;
  while (used < text.size()) {
    const std::string_view rest = text.substr(used);
    const size_t length = character_length(rest);
    const auto first = static_cast<unsigned char>(rest[0]);
    const bool printable = length > 0 && first >= ' ' && first != 0x7F;
    const std::string next = printable ? std::string(rest.substr(0, length)) : fmt::format("\\x{:02x}", first);
    if (result.size() + next.size() > longest_excerpt) break;
    result += next;
    used += printable ? length : 1;
  }
  if (used < text.size()) result += fmt::format("... ({} bytes more)", text.size() - used);
  return result;
}

}  // namespace revunet::io

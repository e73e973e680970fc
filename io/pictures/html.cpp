#include "io/pictures/html.h"

#include <cstdint>

#include <fmt/format.h>

#include "io/text/utf8.h"

namespace revunet::io {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : is_utf8(text) ? std::string(text) : escaped_utf8(text)) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '&' || c == '<' || c == '>' || c == '"') {
      result += fmt::format("&#{};", code);
    } else {
      result += code < 32 && c != '\n' && c != '\t' ? '?' : c;  // XML allows no other control characters
    }
  }
  return result;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) result += i + k <= bytes.size() ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return result;
}

}  // namespace revunet::io

#include "tools/common/flag_names.h"

#include <algorithm>

namespace revunet::tools {

std::string with_flags(std::string_view text) {
  constexpr std::string_view in_names = "abcdefghijklmnopqrstuvwxyz0123456789-";
  std::string result;
  while (!text.empty()) {
    const size_t open = std::min(text.find('`'), text.size());
    result += text.substr(0, open);
    text.remove_prefix(open);
    const size_t close = std::min(text.find_first_not_of(in_names, 1), text.size());
    if (close > 1 && close < text.size() && text[close] == '`') {
      result += "--";
      result += text.substr(1, close - 1);
      text.remove_prefix(close + 1);
    } else if (!text.empty()) {
      result += text[0];
      text.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace revunet::tools

#include "io/text/parse_list.h"

#include <charconv>

#include "engine/error.h"

namespace revunet::io {

namespace {

template <class T>
std::vector<T> parse(const std::string& text, const std::string& what, const char* kind) {
  std::vector<T> values;
  const char *at = text.data(), *end = text.data() + text.size();
  while (true) {
    T value = 0;
    const auto [stop, error] = std::from_chars(at, end, value);
    REVUNET_EXPECTS(error != std::errc::result_out_of_range, UsageError,
                    "[{}] expected {} that a computer can hold, got '{}'", what, kind, text);
    REVUNET_EXPECTS(error == std::errc() && (stop == end || *stop == ','), UsageError,
                    "[{}] expected {} separated by commas, got '{}'", what, kind, text);
    values.push_back(value);
    if (stop == end) return values;
    at = stop + 1;
  }
}

}  // namespace

std::vector<int64_t> parse_list(const std::string& text, const std::string& what) {
  return parse<int64_t>(text, what, "whole numbers");
}

std::vector<double> parse_numbers(const std::string& text, const std::string& what) {
  return parse<double>(text, what, "numbers");
}

}  // namespace revunet::io

#include "tools/common/option_value.h"

#include <algorithm>
#include <limits>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/error.h"
#include "io/text/byte_count.h"
#include "io/text/parse_axes.h"
#include "io/text/parse_list.h"
#include "io/text/parse_number.h"
#include "tools/common/option_spelling.h"

namespace revunet::tools {

namespace {

template <class Number>
Number whole_in(const std::string& name, const std::string& text, Number least, Number most) {
  const std::optional<Number> value = io::parse_number<Number>(text);
  REVUNET_EXPECTS(value && *value >= least && *value <= most, UsageError,
                  "[{}] expected a whole number from {} to {}, got {}", name, least, most, text);
  return *value;
}

double number_in(const std::string& name, const std::string& text, const Range& r) {
  const std::optional<double> value = io::parse_number<double>(text);
  const bool fits =
      value && (r.above ? *value > r.least : *value >= r.least) && (r.below ? *value < r.most : *value <= r.most);
  REVUNET_EXPECTS(fits, UsageError, "[{}] expected a number {} {}{}{}, got {}", name, r.above ? "above" : "from",
                  r.least, r.above ? " and " : " to ",
                  r.below ? fmt::format("below {}", r.most) : fmt::format("{}{}", r.above ? "up to " : "", r.most),
                  text);
  return *value;
}

size_t bytes_in(const std::string& name, const std::string& text) try {
  return io::parse_bytes(text);
} catch (const UsageError& e) {
  throw UsageError(fmt::format("[{}] {}", name, e.what()));
}

template <class Values>
std::string comma_separated(const Values& values) {
  return fmt::format("{}", fmt::join(values, ","));
}

bool truth_of(const std::string& name, const std::string& text) {
  REVUNET_EXPECTS(text == "true" || text == "false", UsageError, "[{}] expected true or false, got {}", name, text);
  return text == "true";
}

template <class Number>
OptionValue whole(Number& value, Number least, Number most) {
  return {.kind = "INT",
          .form = OptionValue::Form::number,
          .set = [&value, least, most](const std::string& name,
                                       const std::string& text) { value = whole_in(name, text, least, most); },
          .text = [&value] { return fmt::format("{}", value); }};
}

}  // namespace

OptionValue whole_number(int64_t& value, int64_t least, int64_t most) {
  return whole(value, least, most);
}

OptionValue whole_number(int& value, int least, int most) {
  return whole(value, least, most);
}

OptionValue seed_number(uint64_t& value) {
  return whole(value, uint64_t{0}, std::numeric_limits<uint64_t>::max());
}

OptionValue whole_number(std::optional<int64_t>& value, int64_t least, int64_t most) {
  return {.kind = "INT",
          .form = OptionValue::Form::number,
          .set = [&value, least, most](const std::string& name,
                                       const std::string& text) { value = whole_in(name, text, least, most); },
          .text = [&value] { return value ? fmt::format("{}", *value) : ""; }};
}

OptionValue number(double& value, Range range) {
  return {.kind = "FLOAT",
          .form = OptionValue::Form::number,
          .set = [&value, range](const std::string& name,
                                 const std::string& text) { value = number_in(name, text, range); },
          .text = [&value] { return fmt::format("{}", value); }};
}

OptionValue number(std::optional<double>& value, Range range) {
  return {.kind = "FLOAT",
          .form = OptionValue::Form::number,
          .set = [&value, range](const std::string& name,
                                 const std::string& text) { value = number_in(name, text, range); },
          .text = [&value] { return value ? fmt::format("{}", *value) : ""; }};
}

OptionValue number_pair(double& first, double& second) {
  return {.kind = "LOW,HIGH",
          .set =
              [&first, &second](const std::string& name, const std::string& text) {
                const std::vector<double> numbers = io::parse_numbers(text, name);
                REVUNET_EXPECTS(numbers.size() == 2, UsageError, "[{}] expected two numbers, such as 0.9,1.1, got {}",
                                name, text);
                first = numbers[0];
                second = numbers[1];
              },
          .text = [&first, &second] { return fmt::format("{},{}", first, second); }};
}

OptionValue numbers(std::vector<double>& value, Range range) {
  return {.kind = "LIST",
          .set =
              [&value, range](const std::string& name, const std::string& text) {
                value = io::parse_numbers(text, name);
                for (const double one : value) {
                  number_in(name, fmt::format("{}", one), range);
                  REVUNET_EXPECTS(std::count(value.begin(), value.end(), one) == 1, UsageError,
                                  "[{}] expected each number once, got {} again in {}; leave it out", name, one, text);
                }
              },
          .text = [&value] { return value.empty() ? "" : comma_separated(value); }};
}

OptionValue flag(bool& value) {
  return {.kind = "",
          .form = OptionValue::Form::flag,
          .set = [&value](const std::string& name, const std::string& text) { value = truth_of(name, text); },
          .text = [&value] { return value ? "true" : "false"; }};
}

OptionValue words(std::string& value) {
  return {.kind = "TEXT",
          .set = [&value](const std::string&, const std::string& text) { value = text; },
          .text = [&value] { return value; }};
}

OptionValue path(std::filesystem::path& value) {
  return {.kind = "PATH",
          .set = [&value](const std::string&, const std::string& text) { value = text; },
          .text = [&value] { return value.string(); }};
}

OptionValue path_from_root(std::filesystem::path& value) {
  OptionValue result = path(value);
  result.set = [&value](const std::string&, const std::string& text) {
    value = text.empty() ? std::filesystem::path() : std::filesystem::absolute(text).lexically_normal();
  };
  return result;
}

OptionValue paths(std::vector<std::filesystem::path>& value) {
  return {.kind = "PATH",
          .set = [&value](const std::string&, const std::string& text) { value.emplace_back(text); },
          .text = [] { return ""; },
          .many = true};
}

OptionValue name_list(std::vector<std::string>& value) {
  return {.kind = "LIST",
          .set =
              [&value](const std::string& option, const std::string& text) {
                value.clear();
                std::istringstream names(text + ",");
                for (std::string name; !text.empty() && std::getline(names, name, ',');) {
                  REVUNET_EXPECTS(!name.empty(), UsageError, "[{}] expected names separated by commas, got {}", option,
                                  text);
                  value.push_back(name);
                }
              },
          .text = [&value] { return comma_separated(value); }};
}

OptionValue list(std::vector<int64_t>& value, std::string word_for_none) {
  return {.kind = "LIST",
          .set =
              [&value, word_for_none](const std::string& name, const std::string& text) {
                if (text == word_for_none) return value.clear();
                value = io::parse_list(text, name);
              },
          .text = [&value, word_for_none] { return value.empty() ? word_for_none : comma_separated(value); }};
}

OptionValue axes(std::array<bool, 3>& value) {
  return {.kind = "AXES",
          .set = [&value](const std::string& name, const std::string& text) { value = io::parse_axes(text, name); },
          .text = [&value] { return io::text_of_axes(value); }};
}

OptionValue size(io::VolumeSize& value) {
  return {.kind = "X,Y,Z",
          .set = [&value](const std::string& name, const std::string& text) { value = io::parse_size(text, name); },
          .text = [&value] { return comma_separated(value.axes()); }};
}

OptionValue size_or(std::optional<io::VolumeSize>& value, std::string word_for_none) {
  return {.kind = "X,Y,Z",
          .set =
              [&value, word_for_none](const std::string& name, const std::string& text) {
                if (text == word_for_none) return value.reset();
                value = io::parse_size(text, name);
              },
          .text = [&value, word_for_none] { return value ? comma_separated(value->axes()) : word_for_none; }};
}

OptionValue bytes(std::optional<size_t>& value) {
  return {.kind = "BYTES",
          .form = OptionValue::Form::number,
          .set =
              [&value](const std::string& name, const std::string& text) {
                const size_t given = bytes_in(name, text);
                value = given == 0 ? std::nullopt : std::optional(given);
              },
          .text = [&value] { return value ? fmt::format("{}", *value) : "0"; }};
}

OptionValue bytes(size_t& value) {
  return {.kind = "BYTES",
          .form = OptionValue::Form::number,
          .set = [&value](const std::string& name, const std::string& text) { value = bytes_in(name, text); },
          .text = [&value] { return fmt::format("{}", value); }};
}

OptionValue word_of(std::vector<std::string> choices, std::function<void(const std::string&)> set,
                    std::function<std::string()> text) {
  return {.kind = fmt::format("{{{}}}", fmt::join(choices, ",")),
          .set =
              [choices, set](const std::string& name, const std::string& word) {
                expect_one_of(choices, name, word);
                set(word);
              },
          .text = std::move(text)};
}

}  // namespace revunet::tools

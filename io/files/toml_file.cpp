#include "io/files/toml_file.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "engine/error.h"
#include "io/files/input_file.h"

namespace revunet::io {

namespace {

// Seeds from 2^63 on are no integers of TOML, but runs of version 0.1 wrote them without quotes.
std::string with_large_seed_in_quotes(std::string text) {
  constexpr std::string_view key = "\nseed = ", digits = "0123456789";
  constexpr size_t shortest = 19;               // digits of 2^63
  const size_t line = ("\n" + text).find(key);  // `text` may begin with that line
  if (line == std::string::npos) return text;
  const size_t begin = line + key.size() - 1, end = std::min(text.find_first_not_of(digits, begin), text.size());
  if (end - begin < shortest) return text;
  return text.insert(end, "\"").insert(begin, "\"");
}

toml::table parse(const std::string& text, const std::string& file, const char* example) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& e) {
    throw DataError(fmt::format("[{}, line {}] expected TOML, such as {}: {}", file, e.source().begin.line, example,
                                e.description()));
  }
}

nlohmann::json json_of(const toml::node& node, const std::string& file) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<int64_t>()) return *number;
  if (const auto flag = node.value_exact<bool>()) return *flag;
  const auto number = node.value_exact<double>();
  if (number && std::isfinite(*number)) return *number;
  if (const toml::array* array = node.as_array()) {
    nlohmann::json list = nlohmann::json::array();
    for (const toml::node& item : *array) list.push_back(json_of(item, file));
    return list;
  }
  const toml::table* table = node.as_table();
  REVUNET_EXPECTS(table, DataError, "[{}, line {}] expected a text, a number, true, false, a list or a section, got {}",
                  file, node.source().begin.line, number ? "NaN or infinity" : "a date or time");
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [key, value] : *table) object[std::string(key.str())] = json_of(value, file);
  return object;
}

// Returns a value as it would be typed on the command line, or an empty text where it has no such form.
std::string as_typed(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<int64_t>()) return fmt::format("{}", *number);
  if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  std::string list;
  if (const toml::array* array = node.as_array()) {
    for (const toml::node& item : *array) {
      const std::string word = item.is_array() ? "" : as_typed(item);
      if (word.empty()) return {};
      list += (list.empty() ? "" : ",") + word;
    }
  }
  return list;
}

}  // namespace

nlohmann::json read_toml_file(const std::filesystem::path& path) {
  return json_of(parse(read_whole_file(path), path.string(), "name = \"liver\""), path.string());
}

std::string place_of(const TomlSetting& setting, const std::string& file) {
  return fmt::format("{}, line {}: {}", file, setting.line, setting.key);
}

std::vector<TomlSetting> read_toml_settings(const std::filesystem::path& path) {
  return parse_toml_settings(read_whole_file(path), path.string());
}

std::vector<TomlSetting> parse_toml_settings(const std::string& text, const std::string& file) {
  std::vector<TomlSetting> settings;
  for (const auto& [key, node] : parse(with_large_seed_in_quotes(text), file, "lr = 0.001 or data = \"folder\"")) {
    const auto line = static_cast<int64_t>(key.source().begin.line);
    settings.push_back({std::string(key.str()), as_typed(node), line});
    const bool empty_text = node.is_string() && settings.back().value.empty();
    REVUNET_EXPECTS(!settings.back().value.empty() || empty_text, UsageError,
                    "[{}] expected a text, a number, true, false or a list, got {}; options are not in sections",
                    place_of(settings.back(), file), node.is_table() ? "a section" : "something else");
  }
  std::ranges::sort(settings, {}, &TomlSetting::line);
  return settings;
}

std::string toml_string(std::string_view text) {
  std::ostringstream line;
  const toml::value<std::string> value{std::string(text)};
  line << toml::toml_formatter{value, toml::format_flags::allow_unicode_strings};
  return line.str();
}

std::string toml_number(std::string_view text) {
  try {
    static_cast<void>(toml::parse(fmt::format("number = {}", text)));
    return std::string(text);
  } catch (const toml::parse_error&) {
    return toml_string(text);
  }
}

}  // namespace revunet::io

#include "tools/common/config_file.h"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "engine/error.h"
#include "io/input_file.h"
#include "tools/common/parse_error.h"
#include "tools/common/spelling.h"

namespace revunet::tools {

namespace {

// Seeds from 2^63 on are no integers of TOML, but runs of version 0.1 wrote them without quotes.
std::string with_large_seed_in_quotes(std::string text) {
  constexpr std::string_view key = "\nseed = ", digits = "0123456789";
  constexpr size_t shortest = 19;               // digits of 2^63
  const size_t line = ("\n" + text).find(key);  // where it is, and text begins as a line does
  if (line == std::string::npos) return text;
  const size_t begin = line + key.size() - 1, end = std::min(text.find_first_not_of(digits, begin), text.size());
  if (end - begin < shortest) return text;
  return text.insert(end, "\"").insert(begin, "\"");
}

toml::table parse(const std::filesystem::path& path) {
  const std::string text = with_large_seed_in_quotes(io::read_whole_file(path));
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& e) {
    throw DataError(fmt::format("[{}, line {}] expected TOML, such as lr = 0.001 or data = \"folder\": {}",
                                path.string(), e.source().begin.line, e.description()));
  }
}

// As it would be typed on the command line. Empty for what has no such form.
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

// Whether a name is in the text, and is not only a part of another one.
bool has_name(const std::string& text, const std::string& name) {
  for (size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if (end == text.size() || (text[end] != '-' && std::isalpha(static_cast<unsigned char>(text[end])) == 0))
      return true;
  }
  return false;
}

// The options of the app that a file may set, without dashes.
std::vector<std::string> keys_of(const CLI::App& app) {
  std::vector<std::string> keys;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_configurable()) keys.insert(keys.end(), option->get_lnames().begin(), option->get_lnames().end());
  }
  return keys;
}

// Options without dashes that may be meant by a key.
std::vector<std::string> similar_keys(const std::string& key, const CLI::App& app) {
  std::vector<std::string> words;
  const std::vector<std::string> keys = keys_of(app);
  for (const std::string& option : similar_options(key, app)) {
    const std::string name = option.substr(2, option.find(' ') - 2);
    if (std::ranges::find(keys, name) != keys.end()) words.push_back(name);
  }
  return words;
}

}  // namespace

ConfigFile::ConfigFile(std::filesystem::path path) : path_(std::move(path)) {
  for (const auto& [key, node] : parse(path_)) {
    const auto line = static_cast<int64_t>(key.source().begin.line);
    entries_.push_back({std::string(key.str()), as_typed(node), line});
    const bool empty_text = node.is_string() && entries_.back().value.empty();
    REVUNET_EXPECTS(!entries_.back().value.empty() || empty_text, UsageError,
                    "[{}] expected a text, a number, true, false or a list, got {}; options are not in sections",
                    place(entries_.back()), node.is_table() ? "a section" : "something else");
  }
  std::ranges::sort(entries_, {}, &Entry::line);
}

std::string ConfigFile::place(const Entry& entry) const {
  return fmt::format("{}, line {}: {}", path_.string(), entry.line, entry.key);
}

void ConfigFile::apply(CLI::App& app) {
  const std::vector<std::string> keys = keys_of(app);
  std::map<const CLI::Option*, const Entry*> set_here;  // `x` and `no-x` are one option
  for (Entry& entry : entries_) {
    REVUNET_EXPECTS(std::ranges::find(keys, entry.key) != keys.end(), UsageError,
                    "[{}] expected the name of an option that a file can set, without dashes{}", place(entry),
                    did_you_mean(similar_keys(entry.key, app)));
    CLI::Option& option = *app.get_option("--" + entry.key);
    const auto [first, is_first] = set_here.try_emplace(&option, &entry);
    REVUNET_EXPECTS(is_first, UsageError,
                    "[{}] expected an option once, got it as {} in line {} too; remove one of them", place(entry),
                    first->second->key, first->second->line);
    if (option.count() > 0) continue;
    entry.applied = true;
    try {
      const bool is_flag = option.get_expected_min() == 0;
      option.add_result(is_flag ? option.get_flag_value(entry.key, entry.value) : entry.value);
      option.run_callback();
    } catch (const CLI::ParseError& e) {
      throw UsageError(with_lines(explain(app, e)));
    }
  }
}

std::string ConfigFile::with_lines(const std::string& message) const {
  std::string result = message;
  const std::string names = message.starts_with('[') ? message.substr(0, message.find(']')) : "";
  for (const Entry& entry : entries_) {
    if (entry.applied && has_name(names, "--" + entry.key)) {
      result += fmt::format("\n--{} is {} in {}, line {}", entry.key, entry.value, path_.string(), entry.line);
    }
  }
  return result;
}

std::string toml_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (code < 0x20 || code == 0x7f) {
      result += fmt::format("\\u{:04x}", code);
    } else {
      result += c;
    }
  }
  return result + '"';
}

}  // namespace revunet::tools

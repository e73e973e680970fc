#include "tools/common/config_file.h"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "engine/error.h"
#include "io/text/similar_words.h"
#include "tools/common/option_spelling.h"
#include "tools/common/parse_error.h"

namespace revunet::tools {

namespace {

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
  for (io::TomlSetting& setting : io::read_toml_settings(path_)) entries_.push_back({std::move(setting)});
}

std::string ConfigFile::place(const Entry& entry) const {
  return io::place_of(entry, path_);
}

void ConfigFile::apply(CLI::App& app) {
  const std::vector<std::string> keys = keys_of(app);
  std::map<const CLI::Option*, const Entry*> set_here;  // `x` and `no-x` are one option
  for (Entry& entry : entries_) {
    REVUNET_EXPECTS(std::ranges::find(keys, entry.key) != keys.end(), UsageError,
                    "[{}] expected the name of an option that a file can set, without dashes{}", place(entry),
                    io::did_you_mean(similar_keys(entry.key, app)));
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

}  // namespace revunet::tools

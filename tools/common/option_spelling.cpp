#include "tools/common/option_spelling.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "engine/error.h"
#include "io/text/similar_words.h"
#include "tools/common/aliases.h"

namespace revunet::tools {

namespace {

std::vector<std::string> meant_by(const std::vector<Alias>& aliases, const std::string& typed,
                                  const std::vector<std::string>& names) {
  std::vector<std::string> result;
  for (const Alias& alias : aliases) {
    if (std::ranges::find(alias.typed, io::normalised_word(typed)) == alias.typed.end()) continue;
    for (const std::string_view meant : alias.meant) {
      const std::string name(meant.substr(0, meant.find(' ')));
      if (std::ranges::find(names, name) != names.end()) result.emplace_back(meant);
    }
  }
  return result;
}

std::vector<std::string> long_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const CLI::App* command : app.get_subcommands()) {
    const std::vector<std::string> own = long_names(*command);
    names.insert(names.end(), own.begin(), own.end());
  }
  return names;
}

}  // namespace

std::vector<std::string> similar_options(const std::string& typed, const CLI::App& app) {
  const std::vector<std::string> names = long_names(app);
  const std::vector<std::string> meant = meant_by(kOptionAliases, typed, names);
  return meant.empty() ? io::similar(typed, names) : meant;
}

std::vector<std::string> similar_keys(const std::string& key, const std::vector<std::string>& keys) {
  std::vector<std::string> options, words;
  for (const std::string& name : keys) options.push_back("--" + name);
  std::vector<std::string> meant = meant_by(kOptionAliases, key, options);
  if (meant.empty()) meant = io::similar(key, options);
  for (const std::string& option : meant) words.push_back(option.substr(2, option.find(' ') - 2));
  return words;
}

void expect_one_of(const std::vector<std::string>& choices, const std::string& option, const std::string& word) {
  if (std::ranges::find(choices, word) != choices.end()) return;
  std::vector<std::string> meant = meant_by(kValueAliases, word, choices);
  if (meant.empty()) meant = io::similar(word, choices);
  throw UsageError(
      fmt::format("[{}] expected {}, got {}{}", option, io::alternatives(choices), word, io::did_you_mean(meant)));
}

}  // namespace revunet::tools

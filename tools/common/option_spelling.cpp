#include "tools/common/option_spelling.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

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

CLI::Validator one_of(const std::vector<std::string>& choices) {
  const auto refusal = [choices](const std::string& value) -> std::string {
    if (std::ranges::find(choices, value) != choices.end()) return "";
    std::vector<std::string> meant = meant_by(kValueAliases, value, choices);
    if (meant.empty()) meant = io::similar(value, choices);
    return fmt::format("expected {}, got {}{}", io::alternatives(choices), value, io::did_you_mean(meant));
  };
  return CLI::Validator(refusal, "{" + CLI::detail::join(choices, ",") + "}");
}

}  // namespace revunet::tools

#include "tools/common/parse_error.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "io/text/similar_words.h"
#include "tools/common/option_spelling.h"

namespace revunet::tools {

namespace {

std::string line_each(const std::vector<std::string>& sentences) {
  return CLI::detail::join(sentences, "\n");
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::string unknown_names(const CLI::App& app, const std::vector<std::string>& words) {
  std::vector<std::string> sentences;
  for (const std::string& word : words) {
    if (word.size() < 2 || word[0] != '-' || word.find_first_not_of("-0123456789.,") == word.npos) continue;
    const std::string option = word.substr(0, word.find('='));
    sentences.push_back(fmt::format("there is no option {}{}", option, io::did_you_mean(similar_options(option, app))));
  }
  if (!sentences.empty() || words.empty()) return line_each(sentences);
  const std::vector<std::string> commands = commands_of(app);
  if (commands.empty() || !app.get_subcommands().empty()) return {};
  return fmt::format("there is no command {}{}", words[0], io::did_you_mean(io::similar(words[0], commands)));
}

// Turns CLI11's "--model: expected ..." into "[--model] expected ...".
std::string with_name_in_brackets(const std::string& message) {
  const size_t colon = message.find(": ");
  if (!message.starts_with("--") || colon == message.npos || message.find(' ') < colon) return message;
  return fmt::format("[{}] {}", message.substr(0, colon), message.substr(colon + 2));
}

}  // namespace

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> left_over = app.remaining(true);
  if (const std::string unknown = unknown_names(app, left_over); !unknown.empty()) return unknown;
  if (dynamic_cast<const CLI::ExtrasError*>(&error) && !left_over.empty()) {
    return fmt::format("expected options, which begin with --, got {}; a list is written with commas, such as 64,64,48",
                       CLI::detail::join(left_over, " "));
  }
  if (const std::vector<std::string> commands = commands_of(app); !commands.empty() && app.get_subcommands().empty()) {
    return fmt::format("expected a command: {}", io::alternatives(commands));
  }
  return with_name_in_brackets(error.what());
}

}  // namespace revunet::tools

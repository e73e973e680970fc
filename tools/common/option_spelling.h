// This file guesses what somebody meant who typed an option or a value that does not exist: a typing error, or what
// another program calls it (tools/common/aliases.h).
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace revunet::tools {

// Returns options of the app, or of the subcommand that was typed, that an unknown option may stand for: "--lr", or
// "--precision mixed" with the value that is meant. Dashes in front of `typed` are ignored.
std::vector<std::string> similar_options(const std::string& typed, const CLI::App& app);

// Does the same for a key of a file, among the keys that it may have.
std::vector<std::string> similar_keys(const std::string& key, const std::vector<std::string>& keys);

// Throws UsageError for a word that is none of `choices`, with those that may be meant. option is its name, such as
// "--model".
void expect_one_of(const std::vector<std::string>& choices, const std::string& option, const std::string& word);

}  // namespace revunet::tools

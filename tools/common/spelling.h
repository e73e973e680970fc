// What somebody meant who typed a name that does not exist: a slip of the keys, or what another program calls it.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace revunet::tools {

// The names that are spelled most alike; none where no name is alike. Capitals, and - for _, make no difference.
std::vector<std::string> similar(const std::string& typed, const std::vector<std::string>& names);

// Options of the app, or of the subcommand that was typed, that an unknown option may stand for: "--lr", or
// "--precision mixed" with the value that is meant. Dashes in front of `typed` are not looked at.
std::vector<std::string> similar_options(const std::string& typed, const CLI::App& app);

// Refuses other words than `choices`, and names those that may be meant.
CLI::Validator one_of(const std::vector<std::string>& choices);

// "; did you mean --lr?", or nothing where there are no words.
std::string did_you_mean(const std::vector<std::string>& words);

// "a, b or c"
std::string alternatives(const std::vector<std::string>& words);

}  // namespace revunet::tools

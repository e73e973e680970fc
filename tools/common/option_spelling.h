// What somebody meant who typed an option or a value that does not exist: a slip of the keys, or what another program
// calls it (tools/common/aliases.h).
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace revunet::tools {

// Options of the app, or of the subcommand that was typed, that an unknown option may stand for: "--lr", or
// "--precision mixed" with the value that is meant. Dashes in front of `typed` are not looked at.
std::vector<std::string> similar_options(const std::string& typed, const CLI::App& app);

// Refuses other words than `choices`, and names those that may be meant.
CLI::Validator one_of(const std::vector<std::string>& choices);

}  // namespace revunet::tools

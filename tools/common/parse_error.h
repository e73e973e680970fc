// This file says what is wrong with a command line, for those who typed it.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace revunet::tools {

// Returns why `app` did not parse. A name that does not exist goes first, because a missing option can be its
// consequence.
std::string explain(const CLI::App& app, const CLI::ParseError& error);

}  // namespace revunet::tools

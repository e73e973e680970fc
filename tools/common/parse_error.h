// This file says what is wrong with a command line, for those who typed it.
#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace revunet::tools {

// Returns why `app` did not parse. A name that does not exist goes first, because a missing option can be its
// consequence.
std::string explain(const CLI::App& app, const CLI::ParseError& error);

}  // namespace revunet::tools

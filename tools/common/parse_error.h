// What is wrong with a command line, in words for those who typed it.
#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace revunet::tools {

// Why `app` did not parse. A name that does not exist goes first: an option that is missing can be its consequence.
std::string explain(const CLI::App& app, const CLI::ParseError& error);

}  // namespace revunet::tools

// This file prints --help of the programs. It begins with examples and with the options used most, and wraps at the
// terminal's width.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace revunet::tools {

// An Example is a command line that works as typed, once its names in capitals stand for real files, and what it does.
struct Example {
  std::string command, effect;
};

struct Help {
  std::vector<Example> examples = {};
  std::vector<std::string> most_used = {};  // options by their long names, in the order in which they are shown
  std::string details = {};                 // shown last
};

// Gives `app` this --help, but not its subcommands, which have their own.
//
// Rule: docs/tools/generate reads what this writes.
void set_help(CLI::App& app, Help help);

// Returns the columns for text on stdout: the environment's COLUMNS, otherwise the terminal's, otherwise 80.
size_t columns_of_output();

}  // namespace revunet::tools

// -q and -v: how much a program says while it works. Warnings, errors and results are not held back.
#pragma once

#include <CLI/CLI.hpp>

namespace revunet::tools {

enum class Verbosity {
  quiet,    // neither a progress line nor lines about the work
  normal,   // a line per unit of work, and a progress line on a terminal
  verbose,  // a line per step and per file, and no progress line, which they would break
};

// The whole process's.
Verbosity verbosity();

// Declares -q, which makes the process quiet as soon as it is parsed.
CLI::Option* add_quiet_option(CLI::App& app);

// Declares -q, and -v, whose lines `shows` names.
void add_verbosity_options(CLI::App& app, const std::string& shows);

}  // namespace revunet::tools

// -q and -v say how much a program prints while it works. Warnings, errors and results are always printed.
#pragma once

#include <string>
#include <vector>

#include "tools/common/option_table.h"

namespace revunet::tools {

enum class Verbosity {
  quiet,    // no progress line and no lines about the work
  normal,   // a line per unit of work, and a progress line on a terminal
  verbose,  // a line per step and per file; no progress line, which these would break
};

// The verbosity belongs to the whole process.
Verbosity verbosity();

// These are -q, and -v, whose lines `shows` names. They take effect once the command line is parsed.
Option quiet_option();
std::vector<Option> verbosity_options(const std::string& shows);

}  // namespace revunet::tools

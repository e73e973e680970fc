// -q and -v: how much a program says while it works. Warnings, errors and results are not held back.
#pragma once

#include <string>
#include <vector>

#include "tools/common/option_table.h"

namespace revunet::tools {

enum class Verbosity {
  quiet,    // neither a progress line nor lines about the work
  normal,   // a line per unit of work, and a progress line on a terminal
  verbose,  // a line per step and per file, and no progress line, which they would break
};

// The whole process's.
Verbosity verbosity();

// -q, and -v, whose lines `shows` names. The process is quiet, or tells more, as soon as they are parsed.
Option quiet_option();
std::vector<Option> verbosity_options(const std::string& shows);

}  // namespace revunet::tools

// This file has what every program does the same way: the command line, --help, --version, messages on stderr, exit
// codes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/common/help.h"
#include "tools/common/option_table.h"

namespace revunet::tools {

// Part of the command line's contract. docs/tools/generate takes numbers and comments as they are here.
enum ExitCode {
  exit_done = 0,         // done
  exit_failed_run = 1,   // the run failed, or what was checked is wrong: a dataset, or a trace that does not verify
  exit_bad_usage = 2,    // options that make no sense, or not together
  exit_bad_data = 3,     // a file that is missing, damaged or not what it should be
  exit_interrupted = 4,  // stopped by a signal; --resume goes on with a run, --skip-existing with a prediction
};

// Returns the version of the programs, such as "0.1.0".
std::string version();

// A program, or one of the commands that a program has.
struct Program {
  std::string name, description;
  Help help = {};
  OptionTable* options = nullptr;
  std::function<void()> run = {};  // nothing where there are commands, one of which runs
  bool files_set_options = false;  // then `run` refuses options without effect, once it has read the files
  std::vector<Program> commands = {};
};

// Parses the command line, runs the program and turns what it throws into an exit code: 2 for errors of parsing,
// otherwise that of failure_of (tools/common/failure.h). The message goes to stderr as `<name>: error: ...`, and that
// of an interruption without "error". The exit code does not depend on whether stderr takes the message. Where stdout
// does not take all of print_result, exit code 0 becomes 1.
int run_tool(const Program& program, int argc, char** argv);

}  // namespace revunet::tools

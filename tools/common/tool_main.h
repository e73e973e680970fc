// This file has what every tool does the same way: --help, --version, messages on stderr, exit codes.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

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

// Returns the version of the tools, such as "0.1.0".
std::string version();

// Adds --version, parses, runs body and turns what it throws into an exit code: 2 for errors of parsing, otherwise that
// of failure_of (tools/common/failure.h). The message goes to stderr as `<tool>: error: ...`, and that of an
// interruption without "error". The exit code does not depend on whether stderr takes the message. Where stdout does
// not take all of print_result, exit code 0 becomes 1.
int run_tool(CLI::App& app, int argc, char** argv, const std::function<void()>& body);
// Does the same for a program with these options, which are declared first. Options without effect are refused before
// body.
int run_tool(CLI::App& app, OptionTable& options, int argc, char** argv, const std::function<void()>& body);

}  // namespace revunet::tools

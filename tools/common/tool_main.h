// What every tool does the same way: --help, --version, messages on stderr, exit codes.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace revunet::tools {

// 0 done; the others are part of the command line's contract.
enum ExitCode { exit_done = 0, exit_failed_run = 1, exit_bad_usage = 2, exit_bad_data = 3, exit_interrupted = 4 };

// Of the tools: "0.1.0".
std::string version();

// Adds --version, parses, runs body and turns what it throws into an exit code:
// UsageError and parse errors 2, DataError 3, Interrupted 4, anything else 1. The message goes to stderr as `<tool>:
// error: ...`.
int run_tool(CLI::App& app, int argc, char** argv, const std::function<void()>& body);

}  // namespace revunet::tools

#include "tools/common/tool_main.h"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <sstream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "engine/error.h"
#include "engine/process/waiting_threads.h"
#include "tools/common/failure.h"
#include "tools/common/parse_error.h"
#include "tools/common/standard_streams.h"

namespace revunet::tools {

namespace {

std::string tool_name;

void print_error(const std::string& text) {
  print_message("{}: error: {}\n", tool_name, text);
}

// Reports an exception that no caller could catch, such as one in a loop that several threads share.
[[noreturn]] void end_with_error() {
  const Failure failure = failure_of(std::current_exception());
  tell(failure);
  std::_Exit(failure.code);
}

// Prints --help or --version, which were asked for.
int print_asked_for(const CLI::App& app, const CLI::ParseError& request) {
  std::ostringstream text;
  app.exit(request, text, text);
  print_result(text.str());
  return exit_done;
}

void declare(CLI::App& app, const Program& program) {
  if (program.options) program.options->declare(app);
  set_help(app, program.help);
  for (const Program& command : program.commands) {
    declare(*app.add_subcommand(command.name, command.description), command);
  }
  app.require_subcommand(program.commands.empty() ? 0 : 1);
}

const Program& chosen(const CLI::App& app, const Program& program) {
  for (const Program& command : program.commands) {
    if (app.got_subcommand(command.name)) return command;
  }
  return program;
}

int parse_and_run(CLI::App& app, const Program& program, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    const Program& command = chosen(app, program);
    if (!command.files_set_options) command.options->expect_effect();
    command.run();
    return exit_done;
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return print_asked_for(app, e);
    print_error(fmt::format("{}\nrun {} --help for the options", explain(app, e), tool_name));
    return exit_bad_usage;
  } catch (...) {
    const Failure failure = failure_of(std::current_exception());
    tell(failure);
    return failure.code;
  }
}

}  // namespace

std::string version() {
  return REVUNET_VERSION;
}

void tell(const Failure& failure) {
  if (failure.message.empty()) return;
  const bool asked_for = failure.code == exit_interrupted;  // an interruption was asked for, so it is no error
  print_message("{}: {}{}\n", tool_name, asked_for ? "" : "error: ", failure.message);
}

int run_tool(const Program& program, int argc, char** argv) {
  bound_spinning(argv);
  tool_name = program.name;
  std::set_terminate(end_with_error);
  prepare_standard_streams();
  CLI::App app(program.description, program.name);
  declare(app, program);
  app.set_version_flag("--version", program.name + " " + version(), "show the version and end");
  const int code = parse_and_run(app, program, argc, argv);
  if (result_failure() == 0) return code;
  print_error(fmt::format("[stdout] expected to write all of the output, got: {}; free space and run it again",
                          std::strerror(result_failure())));
  return code == exit_done ? exit_failed_run : code;
}

}  // namespace revunet::tools

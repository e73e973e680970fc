// What a tool writes to its standard output and error, and what becomes of it where they are closed, full or a pipe
// that nobody reads any more.
//
// Rule: tools print through these functions alone. fmt::print throws where a stream fails, and what waits in a stream's
// buffer at the end of a program would be lost without a word. What they print is printable (io/text/printable.h):
// names from outside may hold what a terminal takes for commands. Options that libraries name are told as
// flags (tools/common/flag_names.h).
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace revunet::tools {

// Before anything else is opened: opens what is missing of the three standard streams to /dev/null, so that no file
// gets the number of one. From then on a closed pipe (SIGPIPE) and a file beyond `ulimit -f` (SIGXFSZ) are ordinary
// errors of a write, which do not end the process.
void prepare_standard_streams();

// Text that the tool was asked for, to stdout, all of it at once. Never throws: result_failure() tells of a failure.
void print_result(std::string_view text) noexcept;
// A line for people, to stdout, of what is kept elsewhere too: nothing comes of a failure.
void print_log(std::string_view text) noexcept;
// A message about the run, to stderr: nothing comes of a failure, as there is no other place to tell of it.
void print_message(std::string_view text) noexcept;

// The same as it is, for the control sequences of a terminal: what comes from outside must be printable already.
void draw_on_terminal(std::string_view text) noexcept;

// Why the first text of print_result that failed did so, as errno has it; 0 where all were written. A closed pipe is no
// failure: its reader wants no more.
int result_failure() noexcept;

// The same with a format, as fmt::print.
template <class First, class... Rest>
void print_result(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest) {
  print_result(std::string_view(fmt::format(format, std::forward<First>(first), std::forward<Rest>(rest)...)));
}
template <class First, class... Rest>
void print_message(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest) {
  print_message(std::string_view(fmt::format(format, std::forward<First>(first), std::forward<Rest>(rest)...)));
}

}  // namespace revunet::tools

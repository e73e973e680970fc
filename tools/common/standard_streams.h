// These functions write a tool's standard output and error, and handle streams that are closed, full or a pipe that
// nobody reads any more.
//
// Rule: tools print through these functions alone. fmt::print throws where a stream fails, and text that waits in a
// stream's buffer at the end of a program would be lost silently. What they print is printable (io/text/printable.h),
// because names from outside may hold what a terminal takes for commands. Options that libraries name are printed as
// flags (tools/common/flag_names.h).
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace revunet::tools {

// Call this before anything else is opened. It opens missing standard streams to /dev/null, so that no file gets the
// number of one. From then on a closed pipe (SIGPIPE) and a file beyond `ulimit -f` (SIGXFSZ) are ordinary errors of a
// write, which do not end the process.
void prepare_standard_streams();

// Prints text that the tool was asked for, all at once, to stdout. Never throws: result_failure() reports a failure.
void print_result(std::string_view text) noexcept;
// Prints a line for people to stdout, which is kept elsewhere too. A failure is ignored.
void print_log(std::string_view text) noexcept;
// Prints a message about the run to stderr. A failure is ignored, because there is no other place to report it.
void print_message(std::string_view text) noexcept;

// Prints the text as it is, for the control sequences of a terminal. What comes from outside must be printable already.
void draw_on_terminal(std::string_view text) noexcept;

// Returns the errno of the first print_result that failed, or 0 where all text was written. A closed pipe is no
// failure, because its reader wants no more.
int result_failure() noexcept;

// These do the same with a format, as fmt::print does.
template <class First, class... Rest>
void print_result(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest) {
  print_result(std::string_view(fmt::format(format, std::forward<First>(first), std::forward<Rest>(rest)...)));
}
template <class First, class... Rest>
void print_message(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest) {
  print_message(std::string_view(fmt::format(format, std::forward<First>(first), std::forward<Rest>(rest)...)));
}

}  // namespace revunet::tools

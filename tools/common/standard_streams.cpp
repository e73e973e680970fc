#include "tools/common/standard_streams.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <new>

#include "io/text/printable.h"
#include "tools/common/flag_names.h"

namespace revunet::tools {

namespace {

int failure_of_results = 0;  // errno; 0: none

// Text that could not be written is dropped, because the stream would otherwise try again at the end of the program.
// Returns 0 or errno.
int write_raw(std::FILE* stream, std::string_view text) noexcept {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
  const int reason = written ? 0 : errno != 0 ? errno : EIO;
  if (!written) __fpurge(stream);
  std::clearerr(stream);
  return reason;
}

int write_printable(std::FILE* stream, std::string_view text) noexcept try {
  return write_raw(stream, io::printable(with_flags(text)));
} catch (const std::bad_alloc&) {
  return ENOMEM;
}

}  // namespace

void prepare_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // open returns the lowest free number. That is this one, because those below are in use.
    if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) (void)!open("/dev/null", O_RDWR);
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

void print_result(std::string_view text) noexcept {
  const int reason = write_printable(stdout, text);
  if (failure_of_results == 0 && reason != EPIPE) failure_of_results = reason;
}

void print_log(std::string_view text) noexcept {
  write_printable(stdout, text);
}

void print_message(std::string_view text) noexcept {
  write_printable(stderr, text);
}

void draw_on_terminal(std::string_view text) noexcept {
  write_raw(stderr, text);
}

int result_failure() noexcept {
  return failure_of_results;
}

}  // namespace revunet::tools

// This file decides what a tool says about an exception that ends it, and its exit code, whatever was thrown by
// whichever library.
#pragma once

#include <exception>
#include <string>

#include "tools/common/tool_main.h"

namespace revunet::tools {

struct Failure {
  ExitCode code;
  std::string message;
};

// A failure that the user was told of, by this process or by another one of the run. This one ends without a word.
struct AlreadyTold {
  ExitCode code;
};

// UsageError gives 2, DataError 3, Interrupted 4, and any other Error 1, with their own messages. Among other
// exceptions, a file that the system does not let us use gives 3, and the rest 1: no memory, no threads, and exceptions
// of libraries. A message has at most 16 KiB. AlreadyTold has none.
Failure failure_of(const std::exception_ptr& exception);

// Prints the message, with the program's name, on stderr.
void tell(const Failure& failure);

}  // namespace revunet::tools

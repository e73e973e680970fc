// SIGINT and SIGTERM: the first asks the run to save and end, a second one, half a second later or more, ends it at
// once.
#pragma once

#include "engine/error.h"

namespace revunet::tools {

// A run that was asked to end, and has saved where it is. Exit code 4.
struct Interrupted : Error {
  using Error::Error;
};

// From now on, in the whole process.
void watch_for_interruption();

// Whether the first signal has come.
bool interrupted();

}  // namespace revunet::tools

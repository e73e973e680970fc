// Signals that ask a run to save and end: SIGINT (Ctrl-C), SIGTERM, SIGHUP (its terminal is gone) and SIGUSR1 (a cluster's
// warning that its time is over). After one of them, SIGINT or SIGTERM half a second later or more ends it at once.
#pragma once

#include "engine/error.h"

namespace revunet::tools {

// A run that was asked to end, and has saved where it is. Exit code 4.
struct Interrupted : Error {
  using Error::Error;
};

// From now on, in the whole process. SIGHUP is left alone where it is ignored already, as under nohup.
void watch_for_interruption();

// Whether the first signal has come.
bool interrupted();

}  // namespace revunet::tools

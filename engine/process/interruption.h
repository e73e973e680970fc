// Signals that ask a run to save and end: SIGINT (Ctrl-C), SIGTERM, SIGHUP (its terminal is gone) and SIGUSR1 (a
// cluster's warning that its time is over). After one of them, SIGINT or SIGTERM half a second later or more ends it at
// once.
#pragma once

#include "engine/error.h"

namespace revunet {

// A program that was asked to end, and has left all that it did on disk. Exit code 4.
struct Interrupted : Error {
  using Error::Error;
};

// From now on, in the whole process. SIGHUP is left alone where it is ignored already, as under nohup. `finishing` is
// what is still done after the first signal, for the line that says that it was heard; it must outlive the process's
// signals.
void watch_for_interruption(const char* finishing = "this step and saving");

// Whether the first signal has come.
bool interrupted();

}  // namespace revunet

// These signals ask a run to save and end: SIGINT (Ctrl-C), SIGTERM, SIGHUP (its terminal is gone) and SIGUSR1 (a
// cluster's warning that its time is over). A SIGINT or SIGTERM that follows half a second later or more ends the run
// at once.
#pragma once

#include "engine/error.h"

namespace revunet {

// A program was asked to end, and has left all that it did on disk. Exit code 4.
struct Interrupted : Error {
  using Error::Error;
};

// Watches for these signals from now on, in the whole process. SIGHUP is left alone where it is ignored already, as
// under nohup. `finishing` names what is still done after the first signal, for the line that confirms it. It must stay
// valid for as long as signals can come. nullptr: nothing is printed, because another process of the run says it.
void watch_for_interruption(const char* finishing = "this step and saving");

// Returns whether the first signal has come.
bool interrupted();

// A SignalMeaning says what the user wants by a signal. One request may be several signals, as timeout(1) or a terminal
// that closes sends them.
enum class SignalMeaning { asks, repeats, insists };

// Counts a signal of those above, and returns what it means. A handler may call it.
SignalMeaning count_signal(int signal);

// Installs this handler for the signals above.
void handle_interruption(void (*handler)(int));

}  // namespace revunet

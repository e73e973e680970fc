#include "tools/common/interruption.h"

#include <unistd.h>

#include <csignal>

namespace revunet::tools {

namespace {

volatile std::sig_atomic_t signals = 0;

extern "C" void on_signal(int signal) {
  if (signals != 0) _exit(128 + signal);  // as a shell says of a program that a signal ended
  signals = 1;
}

}  // namespace

void watch_for_interruption() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // a write goes on
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() {
  return signals != 0;
}

}  // namespace revunet::tools

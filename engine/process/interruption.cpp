#include "engine/process/interruption.h"

#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace revunet {

namespace {

// A program that ends another may signal both it and its group, as timeout(1) does. Two signals within this time count
// as one request.
constexpr int64_t kOneRequest = 500;  // milliseconds

const char* finishing_text = "";        // set before the first signal can come
std::atomic<int64_t> first_signal = 0;  // milliseconds of the monotonic clock; 0: none yet
static_assert(std::atomic<int64_t>::is_always_lock_free);

int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1'000'000 + 1;  // never 0
}

void write_to_stderr(const char* text) {
  (void)!write(STDERR_FILENO, text, std::strlen(text));
}

extern "C" void on_signal(int signal) {
  const int interrupted_call = errno;  // write may change errno, which the interrupted code must not notice
  const SignalMeaning meaning = count_signal(signal);
  if (meaning == SignalMeaning::insists) _exit(128 + signal);  // a shell gives this exit code
  if (meaning == SignalMeaning::asks && finishing_text) {
    write_to_stderr("\nfinishing ");
    write_to_stderr(finishing_text);
    write_to_stderr("; a second signal ends the run at once\n");
  }
  errno = interrupted_call;
}

}  // namespace

SignalMeaning count_signal(int signal) {
  int64_t none = 0;
  if (first_signal.compare_exchange_strong(none, now())) return SignalMeaning::asks;
  const bool may_insist = signal == SIGINT || signal == SIGTERM;  // a closing terminal may send SIGHUP more than once
  return may_insist && now() - first_signal >= kOneRequest ? SignalMeaning::insists : SignalMeaning::repeats;
}

void watch_for_interruption(const char* finishing) {
  finishing_text = finishing;
  handle_interruption(on_signal);
}

void handle_interruption(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // an interrupted write goes on
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaction(signal, &action, nullptr);
  struct sigaction before {};
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

bool interrupted() {
  return first_signal != 0;
}

}  // namespace revunet

// Tests signals that end a run: which are heard, and when they end the process at once.
#include "engine/process/interruption.h"

#include <fcntl.h>

#include <csignal>

#include "tests/support/other_process.h"

using namespace revunet;
using namespace revunet::test;

TEST_CASE("a closed terminal and a cluster's warning are heard, and an ignored hangup stays ignored", "[train]") {
  const auto hears = [](int signal, bool ignored) {
    return WEXITSTATUS(in_another_process([&] {
             if (dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) < 0) _exit(98);
             if (ignored) std::signal(signal, SIG_IGN);
             watch_for_interruption();
             raise(signal);
             _exit(interrupted() ? 4 : 5);
           })) == 4;
  };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    INFO(signal);
    CHECK(hears(signal, false));
  }
  CHECK_FALSE(hears(SIGHUP, true));
  CHECK(hears(SIGINT, true));  // a shell starts background processes this way
}

TEST_CASE("a terminal that closes twice does not end a run before it has saved", "[train]") {
  const auto ended_by = [](int second) {
    const int status = in_another_process([&] {
      if (dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) < 0) _exit(98);
      watch_for_interruption();
      raise(SIGHUP);
      usleep(600'000);
      raise(second);
      _exit(4);
    });
    return WEXITSTATUS(status);
  };
  CHECK(ended_by(SIGHUP) == 4);
  CHECK(ended_by(SIGTERM) == 128 + SIGTERM);
}

// Runs code of a test in a separate process, which it may end.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "tests/support/catch.h"

namespace revunet::test {

// Returns how a separate process ends: its exit status as waitpid gives it.
inline int in_another_process(const std::function<void()>& body) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      body();
    } catch (...) {
      _exit(99);
    }
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace revunet::test

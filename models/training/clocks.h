// These clocks measure the time that work takes, and say when a long epoch should report its progress again.
#pragma once

#include <chrono>

namespace revunet {

using Clock = std::chrono::steady_clock;

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  Clock::time_point start_ = Clock::now();
};

class EveryMinute {
 public:
  // Begins a new minute, because something was reported.
  void restart(Clock::time_point now = Clock::now()) { last_ = now; }
  // Returns whether a minute is over. If so, a new one begins.
  bool is_over(Clock::time_point now = Clock::now()) {
    if (now - last_ < std::chrono::minutes(1)) return false;
    last_ = now;
    return true;
  }

 private:
  Clock::time_point last_ = Clock::now();
};

}  // namespace revunet

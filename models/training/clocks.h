// The time that work takes, and when a long epoch should say again how far it is.
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
  // Something was said: a minute begins.
  void restart(Clock::time_point now = Clock::now()) { last_ = now; }
  // Whether a minute is over, which then begins anew.
  bool is_over(Clock::time_point now = Clock::now()) {
    if (now - last_ < std::chrono::minutes(1)) return false;
    last_ = now;
    return true;
  }

 private:
  Clock::time_point last_ = Clock::now();
};

}  // namespace revunet

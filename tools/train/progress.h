// What a person sees of a run: on a terminal a bar that redraws itself, elsewhere a plain line now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tools/common/progress_line.h"

namespace revunet::tools {

class Progress {
 public:
  // total_steps of the whole run, for the remaining time.
  explicit Progress(int64_t total_steps);

  // Steps that an earlier run has done.
  void skip(int64_t steps) { done_ = steps; }
  void begin_epoch(int64_t epoch, int64_t epochs, int64_t steps);
  // After each step; loss is the step's, seconds its duration.
  void step(int64_t step_of_epoch, double loss, double seconds);
  // Shows what takes long between steps ("validating 2/5"), on a terminal only.
  void note(const std::string& what);
  // Removes the bar, so that a line of log can be printed.
  void clear() { line_.clear(); }

 private:
  TerminalLine line_;
  int64_t total_steps_, done_ = 0;
  int64_t epoch_ = 0, epochs_ = 0, steps_ = 0;
  double smoothed_seconds_ = 0;
  std::chrono::steady_clock::time_point last_plain_line_;
};

}  // namespace revunet::tools

#include "tools/train/run_length.h"

#include <algorithm>

namespace revunet::tools {

int64_t RunLength::steps_an_epoch() const {
  return (cases + accumulate - 1) / accumulate;
}

int64_t RunLength::steps() const {
  const int64_t all = epochs * steps_an_epoch();
  return max_steps > 0 ? std::min(all, max_steps) : all;
}

int64_t RunLength::samples() const {
  return steps() / steps_an_epoch() * cases + steps() % steps_an_epoch() * accumulate;
}

int64_t RunLength::samples_of_epoch(int64_t step, int64_t sample_of_epoch) const {
  const int64_t steps_made = sample_of_epoch == cases ? steps_an_epoch() : sample_of_epoch / accumulate;
  // Counted, not by the epoch's number: max_steps may have ended an earlier epoch before its last step.
  const int64_t steps_left = steps() - (step - steps_made);
  return std::min(cases, steps_left * accumulate);
}

int64_t RunLength::samples_of_step(int64_t index) const {
  const int64_t first = index / accumulate * accumulate;
  return std::min(accumulate, cases - first);
}

}  // namespace revunet::tools

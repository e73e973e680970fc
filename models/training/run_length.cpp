#include "models/training/run_length.h"

#include <algorithm>

namespace revunet {

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

int64_t RunLength::steps_made(int64_t sample_of_epoch) const {
  return sample_of_epoch == cases ? steps_an_epoch() : sample_of_epoch / accumulate;
}

int64_t RunLength::samples_of_epoch(int64_t step, int64_t sample_of_epoch) const {
  if (max_steps == 0) return cases;
  const int64_t steps_left = max_steps - (step - steps_made(sample_of_epoch));
  return std::min(cases, steps_left * accumulate);
}

int64_t RunLength::samples_of_step(int64_t index) const {
  const int64_t first = index / accumulate * accumulate;
  return std::min(accumulate, cases - first);
}

}  // namespace revunet

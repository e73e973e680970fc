// A RunLength says how many samples and optimiser steps a training run has, in all, in each epoch and in each step.
#pragma once

#include <cstdint>

namespace revunet {

struct RunLength {
  int64_t cases = 0;       // samples of a complete epoch
  int64_t accumulate = 1;  // samples of a step; an epoch's last step has the remaining ones
  int64_t epochs = 0;
  int64_t max_steps = 0;  // 0: no limit

  int64_t steps_an_epoch() const;
  int64_t steps() const;
  // Returns the optimiser steps that so many samples of an epoch have completed.
  int64_t steps_made(int64_t sample_of_epoch) const;
  int64_t samples() const;
  // Returns how many samples the epoch in progress has, when `sample_of_epoch` of them and `step` steps of the run are
  // done. They are fewer than the cases where the run ends within the epoch.
  int64_t samples_of_epoch(int64_t step, int64_t sample_of_epoch) const;
  // Returns whether a step ends with the sample before this one of an epoch.
  bool between_steps(int64_t sample_of_epoch) const {
    return sample_of_epoch % accumulate == 0 || sample_of_epoch == cases;
  }
  // Returns the samples of the step to which sample `index` of an epoch belongs.
  int64_t samples_of_step(int64_t index) const;
};

}  // namespace revunet

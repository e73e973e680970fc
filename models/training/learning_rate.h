// This schedule gives the learning rate of each epoch.
#pragma once

#include <cstdint>
#include <vector>

namespace revunet {

// The rate is `initial`, divided by `divisor` after each of the epochs in `drops`, as in
// torch.optim.lr_scheduler.MultiStepLR. The defaults are the paper's.
struct LearningRateSchedule {
  double initial = 1e-4;
  std::vector<int64_t> drops = {250, 400, 550};  // ascending
  double divisor = 5;

  // Returns the rate of epoch `epoch`, counted from 1.
  double rate(int64_t epoch) const;
};

// Throws UsageError for drops that do not ascend from 1 on, and for a rate that in one of `epochs` epochs is too small
// to move a weight.
void check_schedule(const LearningRateSchedule& schedule, int64_t epochs);

}  // namespace revunet

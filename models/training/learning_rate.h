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

}  // namespace revunet

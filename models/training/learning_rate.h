// This schedule gives the learning rate of each epoch.
#pragma once

#include <cstdint>
#include <vector>

namespace revunet {

enum class LearningRateCurve {
  drops,       // the rate is divided by `divisor` after each of the epochs in `drops` (MultiStepLR)
  polynomial,  // it falls to almost nothing in the last epoch: (1 - (epoch - 1) / epochs) ^ 0.9, as in nnU-Net
};

// The rate begins as `initial`. The defaults are the paper's.
struct LearningRateSchedule {
  double initial = 1e-4;
  std::vector<int64_t> drops = {250, 400, 550};  // ascending
  double divisor = 5;
  LearningRateCurve curve = LearningRateCurve::drops;

  // Returns the rate of epoch `epoch` of `epochs`, counted from 1.
  double rate(int64_t epoch, int64_t epochs) const;
};

// Throws UsageError for drops that do not ascend from 1 on, and for a rate that in one of `epochs` epochs is too small
// to move a weight.
void check_schedule(const LearningRateSchedule& schedule, int64_t epochs);

}  // namespace revunet

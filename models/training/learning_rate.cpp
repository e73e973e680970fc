#include "models/training/learning_rate.h"

#include <algorithm>
#include <cmath>

namespace revunet {

double LearningRateSchedule::rate(int64_t epoch) const {
  const auto passed = std::ranges::count_if(drops, [&](int64_t drop) { return drop < epoch; });
  return initial / std::pow(divisor, static_cast<double>(passed));
}

}  // namespace revunet

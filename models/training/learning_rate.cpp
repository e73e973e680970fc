#include "models/training/learning_rate.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/error.h"

namespace revunet {

namespace {

constexpr double kPower = 0.9;  // Isensee et al. (2021)
constexpr double kLeastRate = std::numeric_limits<float>::min();

}  // namespace

double LearningRateSchedule::rate(int64_t epoch, int64_t epochs) const {
  if (curve == LearningRateCurve::polynomial) {
    return initial * std::pow(1 - static_cast<double>(epoch - 1) / static_cast<double>(epochs), kPower);
  }
  const auto passed = std::ranges::count_if(drops, [&](int64_t drop) { return drop < epoch; });
  return initial / std::pow(divisor, static_cast<double>(passed));
}

void check_schedule(const LearningRateSchedule& schedule, int64_t epochs) {
  const std::vector<int64_t>& drops = schedule.drops;
  REVUNET_EXPECTS(std::ranges::is_sorted(drops, std::less_equal<>()) && (drops.empty() || drops.front() >= 1),
                  UsageError, "[`lr-drops`] expected epochs from 1 on, ascending, got {}", fmt::join(drops, ","));
  REVUNET_EXPECTS(
      schedule.rate(epochs, epochs) >= kLeastRate, UsageError,
      "[`lr`, `lr-drops`, `lr-divisor`] expected a learning rate of at least {:.1g} in every epoch, below which no "
      "weight moves, got {:g} in epoch {}; use fewer drops or a smaller divisor",
      kLeastRate, schedule.rate(epochs, epochs), epochs);
}

}  // namespace revunet

#include "io/scores/bootstrap.h"

#include <algorithm>

#include "engine/rng.h"
#include "io/scores/distribution.h"

namespace revunet::io {

Interval bootstrap_interval(const std::vector<double>& values, const BootstrapRules& rules) {
  Rng rng(rules.seed);
  std::vector<double> means;
  for (int64_t i = 0; i < rules.resamples; ++i) {
    double sum = 0;
    for (size_t k = 0; k < values.size(); ++k) sum += values[static_cast<size_t>(rng.below(std::ssize(values)))];
    means.push_back(sum / static_cast<double>(values.size()));
  }
  std::sort(means.begin(), means.end());
  const double outside = (1 - rules.confidence / 100) / 2;
  return {quantile(means, outside), quantile(means, 1 - outside)};
}

}  // namespace revunet::io

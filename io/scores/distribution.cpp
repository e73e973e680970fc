#include "io/scores/distribution.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace revunet::io {

double quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

Distribution distribution_of(std::vector<double> values) {
  const auto count = static_cast<double>(values.size());
  Distribution result;
  result.count = values.size();
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  if (values.size() > 1) {
    double squares = 0;
    for (const double v : values) squares += (v - result.mean) * (v - result.mean);
    result.deviation = std::sqrt(squares / (count - 1));
  }
  std::sort(values.begin(), values.end());
  result.lower_quartile = quantile(values, 0.25);
  result.median = quantile(values, 0.5);
  result.upper_quartile = quantile(values, 0.75);
  return result;
}

}  // namespace revunet::io

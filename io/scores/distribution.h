// This file summarises a set of values.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace revunet::io {

struct Distribution {
  size_t count = 0;
  double mean = 0;
  std::optional<double> deviation;  // of the sample (n - 1); none for a single value
  double lower_quartile = 0, median = 0, upper_quartile = 0;
};

// Returns the value below which a share q of the sorted values lies, interpolated linearly as numpy.quantile does.
// There is at least one value.
double quantile(const std::vector<double>& sorted, double q);

// Sums are in the order of the values. There is at least one value.
Distribution distribution_of(std::vector<double> values);

}  // namespace revunet::io

// This file has bootstrap intervals of a mean: how far it varies between samples of the same cases.
//
// Source: Efron, Bootstrap methods: another look at the jackknife, 1979; the percentile interval.
#pragma once

#include <cstdint>
#include <vector>

namespace revunet::io {

struct BootstrapRules {
  int64_t resamples = 10000;
  uint64_t seed = 0;
  double confidence = 95;  // per cent, above 0 and below 100
};

struct Interval {
  double low = 0, high = 0;
};

// Draws as many values as there are, with replacement, `resamples` times, and returns the quantiles of their means that
// leave out half of the rest on either side, interpolated as numpy.quantile does. The same values, rules and order give
// the same bits. There is at least one value.
Interval bootstrap_interval(const std::vector<double>& values, const BootstrapRules& rules);

}  // namespace revunet::io

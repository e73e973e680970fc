// This file has Wilcoxon's signed-rank test of paired differences: whether they lie around 0.
//
// Source: Wilcoxon, Individual comparisons by ranking methods, 1945. Choices are those of SciPy's wilcoxon, two-sided.
#pragma once

#include <cstdint>
#include <vector>

namespace revunet::io {

struct SignedRank {
  double statistic = 0;  // the smaller of the sums of ranks of positive and of negative differences
  double p = 1;          // two-sided; 1 where all differences are 0
  bool exact = true;     // p is from all signs of the ranks there are; otherwise from the normal distribution
};

// Differences of 0 are left out, and equal ones share the mean of their ranks. p is exact for up to 50 differences
// without zeros and equal ones, and for up to 13 with them. Otherwise it is from a normal distribution whose variance
// is corrected for ties, without a correction for continuity. Differences are finite.
SignedRank signed_rank_test(const std::vector<double>& differences);

}  // namespace revunet::io

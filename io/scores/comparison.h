// This file compares two evaluations of the same cases, pair by pair, as a publication needs it.
//
// Non-obvious rule: a difference is the second file's score minus the first one's, in the same case. A pair in which a
// score is not defined is left out, and counted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/scores/bootstrap.h"
#include "io/scores/score_file.h"
#include "io/scores/signed_rank.h"

namespace revunet::io {

struct PairedStatistics {
  double mean_first = 0, mean_second = 0;  // over the pairs
  double difference = 0;                   // mean
  Interval interval;                       // of the mean difference, by bootstrap over cases
  SignedRank test;                         // of the differences
};

struct MetricComparison {
  std::string region;
  std::string metric;
  int64_t pairs = 0, undefined = 0;
  std::optional<PairedStatistics> statistics;  // none without pairs
};

// Returns a row for each region and metric, in the order of the first file. Throws DataError, with both files, where
// they differ in what their scores mean, in their regions, cases or metrics, or in the references that they were scored
// against.
std::vector<MetricComparison> compare_score_files(const ScoreFile& first, const ScoreFile& second,
                                                  const BootstrapRules& rules);

// Returns a table for people, which says what was done.
std::string comparison_table(const ScoreFile& first, const ScoreFile& second, const std::vector<MetricComparison>& rows,
                             const BootstrapRules& rules);

// Returns all digits for programs. Numbers are null without pairs.
std::string comparison_json(const ScoreFile& first, const ScoreFile& second, const std::vector<MetricComparison>& rows,
                            const BootstrapRules& rules);

}  // namespace revunet::io

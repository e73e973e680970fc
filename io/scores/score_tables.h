// This file writes the scores of an evaluation as a table, JSON and CSV.
#pragma once

#include <string>
#include <vector>

#include "io/scores/evaluation.h"

namespace revunet::io {

// Returns a table for people: a row for each case and region, mean, standard deviation and quartiles, the empty cases,
// and what labels, HD95 and NSD are.
std::string table_of(const std::vector<CaseScore>& scores, const ScoreOptions& options);

// Both are for programs, and have all digits. JSON has hd95_definition, cases, mean, standard_deviation (null for one
// case), lower_quartile, median, upper_quartile and empty. CSV has a row for each case and region.
std::string json_of(const std::vector<CaseScore>& scores, const ScoreOptions& options);
std::string csv_of(const std::vector<CaseScore>& scores, const ScoreOptions& options);

}  // namespace revunet::io

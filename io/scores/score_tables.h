// This file writes the scores of an evaluation as a table, JSON and CSV.
#pragma once

#include <string>

#include "io/scores/evaluation.h"

namespace revunet::io {

// Regions have the names of the evaluation's task in all three.
//
// Returns a table for people: a row for each case and region, mean, standard deviation and quartiles, the empty cases,
// the scores that are not defined everywhere, and what labels, scoring, HD95 and NSD are.
std::string table_of(const Evaluation& evaluation, const ScoreOptions& options);

// Both are for programs, and have all digits. JSON has scoring, hd95, their definitions, cases, mean,
// standard_deviation (null for one case), lower_quartile, median, upper_quartile, defined and empty. CSV has a row for
// each case and region. A score that is not defined is null in JSON and empty in CSV. Both count the ignored
// lesions: those of LesionRules are neither found nor missed, those of MatchedLesionRules are also one of the two.
std::string json_of(const Evaluation& evaluation, const ScoreOptions& options);
std::string csv_of(const Evaluation& evaluation, const ScoreOptions& options);

}  // namespace revunet::io

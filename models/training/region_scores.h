// This file summarises the Dice of a validation: the mean of each region over the cases that have it, and one number by
// which weights are chosen.
//
// Rule: a region that a case's reference lacks has no score there. Otherwise a network that finds nothing would get
// Dice 1.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/dataset/case_files.h"
#include "io/progress/parallel.h"

namespace revunet {

// These have a place for each of a task's regions, or none where nothing is known of any. Losses of exclusive regions
// begin with the cross entropy.
using RegionValues = std::vector<double>;
using RegionScores = std::vector<std::optional<double>>;  // nothing where there is no such region
using RegionCounts = std::vector<int64_t>;                // number of cases that have each region

// Returns the names of the parts of a loss: the regions, after "cross entropy" where they are exclusive.
std::vector<std::string> loss_names(const io::Task& task);

// Adds values / divisor to as many sums.
void add_to(RegionValues& sums, const RegionValues& values, double divisor = 1);
double sum_of(const RegionValues& values);
// Returns a text such as "WT 0.912, TC 0.850, ET 0.799", with so many digits after the point.
std::string by_name(const std::vector<std::string>& names, const RegionValues& values, int digits);

// Returns the scores of one case: its Dice of the regions that its reference labels have.
RegionScores scores_of_case(const io::Task& task, std::span<const uint8_t> reference, const RegionValues& dice);
// Returns the mean of each region over the cases that have a score for it.
RegionScores mean_over_cases(std::span<const RegionScores> cases);
// Returns the mean over the regions that have a score, or nothing where none has.
std::optional<double> mean_over_regions(const RegionScores& scores);

// Returns how many of the cases' segmentations have each region, or nothing where there are no cases. All threads read.
// Throws DataError for one that cannot be read.
RegionCounts count_regions(const std::vector<io::CaseFiles>& cases, const io::OnProgress& progress = {});
// Returns whether there is anything to score.
bool has_regions(const RegionCounts& counts);
// Says for people how best.safetensors is chosen. counts says how many of the `cases` that validate have each region.
std::string describe_choice(const io::Task& task, const RegionCounts& counts, size_t cases);

}  // namespace revunet

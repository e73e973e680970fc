// This file summarises the Dice of a validation: the mean of each region over the cases that have it, and one number by
// which weights are chosen.
//
// Rule: a region that a case's reference lacks has no score there. Otherwise a network that finds nothing would get
// Dice 1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/dataset/case_files.h"
#include "io/dataset/regions.h"
#include "io/progress/parallel.h"

namespace revunet {

using RegionValues = std::array<double, io::region_count>;                 // WT, TC, ET
using RegionScores = std::array<std::optional<double>, io::region_count>;  // nothing where there is no such region
using RegionCounts = std::array<int64_t, io::region_count>;                // number of cases that have each region

// Returns the scores of one case: its Dice of the regions that its reference labels have.
RegionScores scores_of_case(std::span<const uint8_t> reference, const RegionValues& dice);
// Returns the mean of each region over the cases that have a score for it.
RegionScores mean_over_cases(std::span<const RegionScores> cases);
// Returns the mean over the regions that have a score, or nothing where none has.
std::optional<double> mean_over_regions(const RegionScores& scores);

// Returns how many of the cases' segmentations have each region. All threads read. Throws DataError for one that cannot
// be read.
RegionCounts count_regions(const std::vector<io::CaseFiles>& cases, const io::OnProgress& progress = {});
// Returns whether there is anything to score.
bool has_regions(const RegionCounts& counts);
// Says for people how best.safetensors is chosen. counts says how many of the `cases` that validate have each region.
std::string describe_choice(const RegionCounts& counts, size_t cases);

}  // namespace revunet

// What the Dice of a validation come to: of each region over the cases that have it, and one number by which weights
// are chosen.
//
// Rule: a region that a case's reference lacks has no score there. If it had one, it would be Dice 1 for a network that
// finds nothing.
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
using RegionCounts = std::array<int64_t, io::region_count>;                // cases that have each region

// The scores of one case: its Dice of the regions that its reference labels have.
RegionScores scores_of_case(std::span<const uint8_t> reference, const RegionValues& dice);
// The mean of each region over the cases that have a score of it.
RegionScores mean_over_cases(std::span<const RegionScores> cases);
// The mean over the regions that have a score; nothing where none has.
std::optional<double> mean_over_regions(const RegionScores& scores);

// How many of the cases' segmentations have each region; read by all threads. DataError for one that cannot be read.
RegionCounts count_regions(const std::vector<io::CaseFiles>& cases, const io::OnProgress& progress = {});
// Whether there is anything to score.
bool has_regions(const RegionCounts& counts);
// By what best.safetensors is chosen, for people, where so many of the `cases` that validate have each region.
std::string describe_choice(const RegionCounts& counts, size_t cases);

}  // namespace revunet

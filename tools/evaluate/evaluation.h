// Scores of predicted segmentations against references, and the table, JSON and CSV that report them.
//
// Non-obvious rule: means are over all cases, those with an empty region included at the values of the BraTS convention
// (io/metrics.h); the number of such cases stands beside every mean, because each weighs as much as a measured one.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "io/metrics.h"
#include "io/regions.h"
#include "tools/evaluate/segmentations.h"

namespace revunet::tools {

using RegionMetrics = std::array<io::MaskMetrics, io::region_count>;  // in the order of io::region_names

struct CaseScore {
  std::string name;
  RegionMetrics regions;
};

// Means of one region over cases, and how many of them had nothing to measure.
struct RegionSummary {
  double dice = 0, hd95 = 0, sensitivity = 0, specificity = 0;
  int64_t empty_references = 0, empty_predictions = 0, both_empty = 0;  // the last are counted in the others too
};

// Reads and compares two label images. DataError as io::read_nifti_labels, and for: grids that differ (naming case,
// sizes and affines), labels other than 0, 1, 2, 4.
CaseScore score_case(const SegmentationPair& pair);

// There is one score at least.
std::array<RegionSummary, io::region_count> summarise(const std::vector<CaseScore>& scores);

// For people: a row for each case and region, the means, the empty cases and the definition of HD95.
std::string table_of(const std::vector<CaseScore>& scores);

// For programs; all digits. JSON: hd95_definition, cases, mean and empty. CSV: a row for each case and region.
std::string json_of(const std::vector<CaseScore>& scores);
std::string csv_of(const std::vector<CaseScore>& scores);

}  // namespace revunet::tools

// Scores of predicted segmentations against references, and what they are over cases.
//
// Non-obvious rule: summaries are over all cases, those with an empty region included at the values of the BraTS
// convention (io/scores/metrics.h); the number of such cases is counted, because each weighs as much as a measured one.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset/regions.h"
#include "io/progress/parallel.h"
#include "io/scores/lesions.h"
#include "io/scores/metrics.h"
#include "io/scores/segmentations.h"
#include "io/scores/statistics.h"

namespace revunet::io {

struct ScoreOptions {
  Hd95 hd95 = Hd95::pooled;
  std::optional<LesionRules> lesions;  // none: not scored by lesion; their hd95 is the one above
};

struct RegionScore {
  MaskMetrics masks;
  std::optional<LesionMetrics> lesions;
};

struct CaseScore {
  std::string name;
  ReferenceLabels labels;                         // by which both files were read
  std::array<RegionScore, region_count> regions;  // in the order of io::region_names
};

// One number of a region's score: its name in files and in tables, and how it is written.
struct Metric {
  const char* key;
  const char* title;
  int width, decimals;     // in tables
  const char* convention;  // of a distance in mm: what 373 mm or more stand for; null: a share between 0 and 1
  double (*value)(const RegionScore&);
};

// Dice, HD95, sensitivity and specificity, and the lesion-wise Dice and HD95 where they are asked for.
const std::vector<Metric>& metrics_of(const ScoreOptions& options);

// Reads and compares two label images. A prediction in the same places whose axes are in another order, or turned
// round, is brought into the reference's order. DataError as io::read_nifti_labels, and for: other grids (naming case,
// sizes and affines), axes that are not at right angles (naming the angle: distances would be wrong), values that the
// pair's label profile has not.
CaseScore score_case(const SegmentationPair& pair, const ScoreOptions& options);

// All pairs, in their order, several at a time on OpenMP's threads; the same at any number of them. Tells `progress`
// after each case. Where several fail, the error of the first pair is thrown.
std::vector<CaseScore> score_cases(const std::vector<SegmentationPair>& pairs, const ScoreOptions& options,
                                   const OnProgress& progress = {});

// One metric of one region over all cases, of which there is one at least.
Distribution summarise(const std::vector<CaseScore>& scores, size_t region, const Metric& metric);

struct EmptyCases {
  int64_t reference = 0, prediction = 0, both = 0;  // the last are counted in the others too
};
EmptyCases count_empty(const std::vector<CaseScore>& scores, size_t region);

}  // namespace revunet::io

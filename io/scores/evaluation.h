// This file scores predicted segmentations against references, and summarises the scores over cases.
//
// Non-obvious rule: summaries are over all cases in which a score is defined. Those with an empty region are included
// at the values of the edition (io/scores/scoring.h). The number of such cases is counted, because each weighs as
// much as a measured one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/progress/parallel.h"
#include "io/scores/distribution.h"
#include "io/scores/scoring.h"
#include "io/scores/segmentations.h"

namespace revunet::io {

struct RegionScore {
  MaskMetrics masks;
  std::optional<LesionMetrics> lesions;
};

struct CaseScore {
  std::string name;
  ReferenceLabels labels;              // both files were read by these
  std::vector<RegionScore> regions{};  // in the order of the task's regions
};

// All cases of an evaluation are of one task. There is at least one.
struct Evaluation {
  TaskPointer task;
  std::vector<CaseScore> cases;
};

// A Metric is one number of a region's score: its name in files and in tables, and how it is written.
struct Metric {
  std::string key;
  std::string title;    // without its unit
  std::string unit;     // "mm" or "voxels"; empty: a share between 0 and 1
  int width, decimals;  // in tables
  bool of_lesions;
  std::string axis_note;  // what distances of 373 mm or more stand for; empty: there are none
  std::function<double(const RegionScore&)> value;

  std::string title_with_unit() const { return unit.empty() ? title : title + " " + unit; }
};

// Returns Dice, HD95, sensitivity, specificity and NSD at each tolerance; and where lesions are scored, their Dice,
// HD95 and NSD, and the F1 of matched ones.
std::vector<Metric> metrics_of(const ScoreOptions& options);

// Reads and compares two label images, in each region of the task of their labels. A prediction in the same place whose
// axes are in another order or reversed is brought into the reference's order. Throws DataError as
// io::read_nifti_labels does, and for: other grids (with case, sizes and affines), axes that are not at right angles
// (with the angle: distances would be wrong), axes in another order where sform and qform of one file disagree on
// theirs, and values that the pair's label profile lacks.
CaseScore score_case(const SegmentationPair& pair, const ScoreOptions& options);

// Scores all pairs, in their order, several at a time on OpenMP's threads. The result is the same at any number of
// threads. Calls `progress` after each case. Where several fail, throws the error of the first pair. Before that,
// throws DataError for references of different tasks (with both files and tasks), and for regions with names that the
// files of scores have for something else.
Evaluation score_cases(const std::vector<SegmentationPair>& pairs, const ScoreOptions& options,
                       const OnProgress& progress = {});

// Returns one metric of one region in the cases in which it is defined, in their order.
std::vector<double> defined_values(const std::vector<CaseScore>& scores, size_t region, const Metric& metric);

// Summarises one metric of one region over the cases in which it is defined, or returns nothing where there is none.
std::optional<Distribution> summarise(const std::vector<CaseScore>& scores, size_t region, const Metric& metric);

struct EmptyCases {
  int64_t reference = 0, prediction = 0, both = 0;  // both: also counted in the other two
};
EmptyCases count_empty(const std::vector<CaseScore>& scores, size_t region);

}  // namespace revunet::io

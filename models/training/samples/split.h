// Which cases train and which validate. A patient's cases never fall on both sides.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/dataset/dataset.h"
#include "io/dataset/patient.h"
#include "io/progress/parallel.h"
#include "models/training/region_scores.h"

namespace revunet {

// SHA-256 of each file of each case, by the case's name and the file's role (io::files_of).
using FileHashes = std::map<std::string, std::map<std::string, std::string>>;

struct Split {
  std::vector<io::CaseFiles> training, validation;  // each in name order
  FileHashes hashes;                                // as a split's file has them; empty: it has none
  RegionCounts validation_regions{};                // validation cases that have each region, once they are counted
  size_t unused = 0;                                // cases of the dataset that a split's file does not name
};

// What decides on a split.
struct SplitOptions {
  double validation_fraction = 0.2;
  uint64_t seed = 0;
  // In place of the fraction, where there are folds: patients take turns in them, and one validates, counted from 0.
  int64_t folds = 0, fold = 0;
  std::filesystem::path file = {};  // in place of both; empty: none
  io::Patients patients = {};
};

// By a fraction, patients in a seeded random order validate until the share of cases is met as nearly as can be, but at
// least one where it is > 0; at least one trains. By folds, every fold has each patient once, and nearly as many
// patients as the others. By a file, the split is as to_json wrote it. The same cases and options give the same split.
// DataError for a case without segmentation, and for a file with cases that are not there, that it has twice, or of
// patients on both sides; UsageError for more folds than patients; as io::Patients::of for a case without patient.
Split split_cases(std::vector<io::CaseFiles> cases, const SplitOptions& options);

// The sums of all files of the split's cases, which all threads read. DataError naming the first file, in name
// order, that is another one than the split has a hash of. Interrupted where a signal comes.
FileHashes hash_files(const Split& split, const io::OnProgress& progress = {});

// {"training": [names], "validation": [names], "sha256": {name: {role: sum}}}
std::string to_json(const Split& split);

// 0 .. count - 1 in a random order that depends on seed and epoch alone.
std::vector<size_t> epoch_order(size_t count, uint64_t seed, int64_t epoch);

}  // namespace revunet

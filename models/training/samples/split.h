// A Split says which cases train and which validate. A patient's cases never fall on both sides.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/dataset/dataset.h"
#include "io/dataset/patient.h"
#include "io/files/sha256.h"
#include "io/progress/parallel.h"
#include "models/training/region_scores.h"

namespace revunet {

// FileHashes has the SHA-256 of each file of each case, by the case's name and the file's role (io::files_of).
using FileHashes = std::map<std::string, std::map<std::string, std::string>>;

struct Split {
  std::vector<io::CaseFiles> training, validation;  // each in name order
  FileHashes hashes;                                // as a split's file has them; empty: it has none
  RegionCounts validation_regions{};                // validation cases with each region, once counted
  size_t unused = 0;                                // cases of the dataset that a split's file does not name
};

// SplitOptions decide on a split.
struct SplitOptions {
  double validation_fraction = 0.2;
  uint64_t seed = 0;
  // Folds replace the fraction, where there are any. Patients take turns in them, and one fold validates, counted from
  // 0.
  int64_t folds = 0, fold = 0;
  std::filesystem::path file = {};  // replaces both; empty: none
  io::Patients patients = {};
};

// By a fraction, patients in a seeded random order validate until the share of cases is met as nearly as possible, but
// at least one where it is > 0; at least one trains. By folds, every fold has each patient once, and nearly as many
// patients as the others. By a file, the split is as to_json wrote it. The same cases and options give the same split.
// Throws DataError for a case without segmentation, and for a file with cases that do not exist, that occur twice, or
// whose patient is on both sides. Throws UsageError for more folds than patients, and as io::Patients::of does for a
// case without patient.
Split split_cases(std::vector<io::CaseFiles> cases, const SplitOptions& options);

// Returns the hashes of all files of the split's cases. All threads read those that are not in `known`. Throws
// DataError with the first file, in name order, whose hash differs from the split's. Throws Interrupted where a signal
// comes.
FileHashes hash_files(const Split& split, const io::SumOfFile& known = {}, const io::OnProgress& progress = {});

// Returns {"training": [names], "validation": [names], "sha256": {name: {role: sum}}, "task": as io::to_json has it}.
std::string to_json(const Split& split);

// Returns the task of a run's split.json, or BraTS's where there is no such file or none in it, as in runs of earlier
// versions. Throws DataError for a task that is not as io::to_json writes it.
io::TaskPointer task_of_split(const std::filesystem::path& file);

// Returns 0 .. count - 1 in a random order that depends on seed and epoch alone.
std::vector<size_t> epoch_order(size_t count, uint64_t seed, int64_t epoch);

}  // namespace revunet

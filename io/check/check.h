// This file checks a dataset: all that is wrong with all of its cases, at once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/check/across_cases.h"
#include "io/progress/parallel.h"

namespace revunet::io {

struct CheckOptions {
  CheckLevel level = CheckLevel::full;
  Patients patients = {};
  std::optional<TrainingView> view = {};  // for a training run
  bool wants_sums = false;                // whether files are hashed as they are read
};

// DatasetOptions say how to read a dataset, and which patient each case belongs to.
struct DatasetOptions {
  std::optional<LabelProfile> labels = {};  // none: as the layout says
  Background background = {};
  Patients patients = {};
};

// Checks everything at `path` (io::scan_dataset), in full, on OpenMP's threads. The result is the same at any number of
// threads. Throws DataError where there is no case, or no file of any case can be read. Throws DataError and UsageError
// for a case without patient.
CheckedDataset check_dataset(const std::filesystem::path& path, const DatasetOptions& options,
                             const OnProgress& progress = {});

// A StartCheck is what a check says about cases before a program works on them.
struct StartCheck {
  std::vector<std::vector<std::string>> violations;  // for each case, in the cases' order
  std::vector<std::string> warnings;                 // one line for each kind
  SumOfFile sums = {};                               // of files that were read whole, where sums are wanted
};

// Checks on OpenMP's threads. Without a check (CheckLevel::none), headers are read for what they say about the field of
// view.
StartCheck check_before_start(const std::vector<CaseFiles>& cases, const CheckOptions& options,
                              const OnProgress& progress = {});

// Throws DataError with the first violation of the cases, which are those of `path`, and how many more there are.
void expect_sound(const StartCheck& check, const std::vector<CaseFiles>& cases, const std::filesystem::path& path);

// Returns the level that is called none, headers or full.
CheckLevel parse_check_level(const std::string& name);

}  // namespace revunet::io

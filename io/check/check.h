// The check of a dataset: all that is wrong with all of its cases, at once.
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
  std::optional<TrainingView> view = {};  // of a training run
};

// How to read a dataset, and whose cases are whose.
struct DatasetOptions {
  std::optional<LabelProfile> labels = {};  // none: as the layout says
  Background background = {};
  Patients patients = {};
};

// Everything at `path` (io::scan_dataset), in full, on OpenMP's threads; the same at any number of them. DataError
// where there is no case, or none of whose files one can be read; DataError and UsageError for a case without patient.
DatasetReport check_dataset(const std::filesystem::path& path, const DatasetOptions& options,
                            const OnProgress& progress = {});

// What a check says of cases before a program works on them.
struct StartCheck {
  std::vector<std::vector<std::string>> violations;  // of each case, in the cases' order
  std::vector<std::string> warnings;                 // a line for each kind
};

// On OpenMP's threads. Without a check (CheckLevel::none), headers are read for what they say about the field of view.
StartCheck check_before_start(const std::vector<CaseFiles>& cases, const CheckOptions& options,
                              const OnProgress& progress = {});

// DataError with the first violation of the cases, which are those of `path`, and how many more there are.
void expect_sound(const StartCheck& check, const std::vector<CaseFiles>& cases, const std::filesystem::path& path);

// The level that is called none, headers or full.
CheckLevel parse_check_level(const std::string& name);

}  // namespace revunet::io

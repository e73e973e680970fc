// The check of a dataset: all that is wrong with all of its cases, at once. A line shows how far it is.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/check/across_cases.h"

namespace revunet::tools {

struct CheckOptions {
  CheckLevel level = CheckLevel::full;
  io::Patients patients = {};
  std::optional<TrainingView> view = {};  // of a training run
};

// How to read a dataset, and whose cases are whose.
struct DatasetOptions {
  std::optional<io::LabelProfile> labels = {};  // none: as the layout says
  io::Background background = {};
  io::Patients patients = {};
};

// Everything at `path` (io::scan_dataset), in full, on OpenMP's threads; the same at any number of them. DataError
// where there is no case, or none of whose files one can be read; DataError and UsageError for a case without patient.
DatasetReport check_dataset(const std::filesystem::path& path, const DatasetOptions& options);

// The violations of each case, in the cases' order, for a `tool` that goes on past them; the warnings go to stderr, a
// line a kind. On OpenMP's threads.
std::vector<std::vector<std::string>> find_violations(const std::vector<io::CaseFiles>& cases,
                                                      const CheckOptions& options, const std::string& tool);

// Before `tool` begins to work on `cases` of `path`, on OpenMP's threads: DataError with the first violation and how
// many more there are; else the warnings on stderr, a line for each kind. Without a check (CheckLevel::none), headers
// are read for what they say about the field of view.
void expect_sound(const std::vector<io::CaseFiles>& cases, const std::filesystem::path& path,
                  const CheckOptions& options, const std::string& tool);

// Declares --check none, headers or full, which sets `name`; and what such a name means.
void add_check_option(CLI::App& app, std::string& name);
CheckLevel parse_check_level(const std::string& name);

}  // namespace revunet::tools

// The check of a dataset: all that is wrong with all of its cases, at once. A line shows how far it is.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/check/case_check.h"

namespace revunet::tools {

// Everything at `path` (io::scan_dataset), in full, on OpenMP's threads; the same at any number of them. DataError
// where there is no case, or none of whose files one can be read.
DatasetReport check_dataset(const std::filesystem::path& path, const std::optional<io::LabelProfile>& labels);

// The violations of each case, in the cases' order, for a `tool` that goes on past them; the warnings go to stderr, a
// line a kind. On OpenMP's threads.
std::vector<std::vector<std::string>> find_violations(const std::vector<io::CaseFiles>& cases, CheckLevel level,
                                                      const std::string& tool);

// Before `tool` begins to work on `cases` of `path`, on OpenMP's threads: DataError with the first violation and how
// many more there are; else the warnings on stderr, a line a kind.
void expect_sound(const std::vector<io::CaseFiles>& cases, const std::filesystem::path& path, CheckLevel level,
                  const std::string& tool);

// Declares --check none, headers or full, which sets `name`; and what such a name means.
void add_check_option(CLI::App& app, std::string& name);
CheckLevel parse_check_level(const std::string& name);

}  // namespace revunet::tools

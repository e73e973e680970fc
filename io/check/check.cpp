#include "io/check/check.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/error.h"
#include "io/progress/parallel.h"
#include "io/text/printable.h"

namespace revunet::io {
namespace {

std::vector<CaseCheck> check_all(const std::vector<CaseFiles>& cases, const CheckOptions& options,
                                 const OnProgress& progress) {
  std::vector<CaseCheck> checks;
  for (const CaseFiles& files : cases) checks.emplace_back(files.labels);
  for_each_in_parallel(cases.size(), "cases checked", progress,
                       [&](size_t i) { checks[i] = check_case(cases[i], options.level, options.wants_sums); });
  return checks;
}

FindingKind kind_of(DatasetProblem::Kind kind) {
  switch (kind) {
    case DatasetProblem::Kind::layout:
      return FindingKind::layout;
    case DatasetProblem::Kind::labels:
      return FindingKind::labels;
    case DatasetProblem::Kind::modality:
    case DatasetProblem::Kind::segmentation:
    case DatasetProblem::Kind::missing:
      break;
  }
  return FindingKind::missing;
}

// Adds a problem to the case of its name, where that is the only one.
void add_problems(const DatasetScan& scan, CheckedDataset& checked) {
  for (const DatasetProblem& problem : scan.problems) {
    const auto named = [&](const CheckedCase& c) { return c.name == problem.case_name; };
    const bool one = std::ranges::count_if(checked.cases, named) == 1;
    (one ? std::ranges::find_if(checked.cases, named)->findings : checked.findings)
        .push_back({kind_of(problem.kind), problem.message});
  }
}

// Returns the violations of each case.
std::vector<std::vector<std::string>> violations_in(const std::vector<CaseCheck>& checks) {
  std::vector<std::vector<std::string>> violations(checks.size());
  for (size_t i = 0; i < checks.size(); ++i) {
    for (const Finding& f : checks[i].checked.findings) {
      if (!is_warning(f.kind)) violations[i].push_back(f.message);
    }
  }
  return violations;
}

// Returns a line for each kind, because datasets often have the same warning for all their cases.
std::vector<std::string> warnings_in(const std::vector<CaseCheck>& checks, const std::vector<Finding>& of_dataset) {
  struct Kind {
    int64_t cases = 0;
    std::string first;
  };
  std::map<FindingKind, Kind> kinds;
  for (const CaseCheck& check : checks) {
    std::set<FindingKind> own;
    for (const Finding& f : check.checked.findings) {
      if (!is_warning(f.kind) || !own.insert(f.kind).second) continue;
      Kind& kind = kinds[f.kind];
      if (kind.cases++ == 0) kind.first = fmt::format("{}: {}", check.checked.name, f.message);
    }
  }
  std::vector<std::string> lines;
  for (const auto& [kind, found] : kinds) {
    lines.push_back(fmt::format("{} of {} of {} cases; the first, case {}", name_of(kind), found.cases, checks.size(),
                                printable_line(found.first)));
  }
  for (const Finding& f : of_dataset) {
    lines.push_back(fmt::format("{}: {}", name_of(f.kind), printable_line(f.message)));
  }
  return lines;
}

std::vector<CaseCheck> check_and_compare(const std::vector<CaseFiles>& cases, const CheckOptions& options,
                                         const OnProgress& progress) {
  std::vector<CaseCheck> checks = check_all(cases, options, progress);
  compare_fingerprints(checks, options.patients);
  compare_label_values(checks);
  return checks;
}

void expect_readable(const CheckedDataset& checked, const std::filesystem::path& path) {
  if (std::ranges::any_of(checked.cases, [](const CheckedCase& c) { return c.readable_files > 0; })) return;
  const auto own = std::ranges::find_if(checked.cases, [](const CheckedCase& c) { return !c.findings.empty(); });
  const Finding& first = own == checked.cases.end() ? checked.findings.at(0) : own->findings[0];
  throw DataError(
      fmt::format("[{}] expected a dataset, got no image that can be read as one of a case; check the path. "
                  "The first: {}",
                  path.string(), first.message));
}

// Returns the header of the first image of each case that has one, as far as it can be read. Each file is judged later,
// in its turn.
std::vector<CaseCheck> first_headers(const std::vector<CaseFiles>& cases, bool wanted) {
  std::vector<CaseCheck> checks;
  if (!wanted) return checks;
  for (const CaseFiles& c : cases) try {
      CaseCheck& check = checks.emplace_back(c.labels);
      check.checked.name = c.name;
      check.checked.task = c.task();
      const std::vector<CaseFile> files = files_of(c);
      if (!files.empty()) check.checked.grid = read_nifti_header(files[0].path).grid;
    } catch (const DataError&) {
    }
  return checks;
}

std::vector<Finding> findings_of_dataset(const std::vector<CaseCheck>& checks, const CheckOptions& options) {
  std::vector<Finding> findings = label_findings(checks);
  if (!options.view) return findings;
  std::vector<CheckedCase> checked_cases;
  for (const CaseCheck& c : checks) checked_cases.push_back(c.checked);
  for (Finding& f : field_of_view_findings(checked_cases, *options.view)) findings.push_back(std::move(f));
  return findings;
}

}  // namespace

CheckedDataset check_dataset(const std::filesystem::path& path, const DatasetOptions& options,
                             const OnProgress& progress) {
  DatasetScan scan = scan_dataset(path, options.labels);
  for (CaseFiles& c : scan.cases) {
    c.background = options.background;
    options.patients.of(c.name);  // throws before anything is read
  }
  std::vector<CaseCheck> checks = check_and_compare(scan.cases, {.patients = options.patients}, progress);
  CheckedDataset checked{.data = path.string(), .layout = scan.layout, .cases = {}, .findings = label_findings(checks)};
  checked.notes = notes_of(scan);
  checked.left_out = std::move(scan.left_out);
  checked.respelled = std::move(scan.respelled);
  for (CaseCheck& check : checks) checked.cases.push_back(std::move(check.checked));
  add_problems(scan, checked);
  expect_readable(checked, path);
  return checked;
}

StartCheck check_before_start(const std::vector<CaseFiles>& cases, const CheckOptions& options,
                              const OnProgress& progress) {
  std::vector<CaseCheck> checks = options.level == CheckLevel::none ? first_headers(cases, options.view.has_value())
                                                                    : check_and_compare(cases, options, progress);
  StartCheck check{violations_in(checks), warnings_in(checks, findings_of_dataset(checks, options))};
  check.violations.resize(cases.size());  // without a check there are none
  for (CaseCheck& c : checks) check.sums.merge(c.sums);
  return check;
}

void expect_sound(const StartCheck& check, const std::vector<CaseFiles>& cases, const std::filesystem::path& path) {
  std::vector<std::string> violations;
  for (size_t i = 0; i < cases.size(); ++i) {
    for (const std::string& violation : check.violations[i]) {
      violations.push_back(fmt::format("case {}: {}", cases[i].name, violation));
    }
  }
  if (violations.empty()) return;
  const size_t more = violations.size() - 1;
  throw DataError(
      more == 0 ? violations[0]
                : fmt::format("{}\nand {} more: run revunet-check `data` {}", violations[0], more, path.string()));
}

CheckLevel parse_check_level(const std::string& name) {
  return name == "none" ? CheckLevel::none : name == "full" ? CheckLevel::full : CheckLevel::headers;
}

}  // namespace revunet::io

#include "tools/check/check.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/error.h"
#include "io/patient.h"
#include "tools/common/parallel.h"
#include "tools/common/progress_line.h"
#include "tools/common/spelling.h"
#include "tools/common/standard_streams.h"

namespace revunet::tools {
namespace {

std::vector<CaseCheck> check_all(const std::vector<io::CaseFiles>& cases, CheckLevel level) {
  std::vector<CaseCheck> checks(cases.size());
  ProgressLine progress("cases checked", std::ssize(cases));
  progress.show(0);
  for_each_in_parallel(
      cases.size(), [&](size_t i) { checks[i] = check_case(cases[i], level); },
      [&](int64_t done) { progress.show(done); });
  return checks;
}

struct Image {
  size_t index;  // of the case
  size_t image;  // of the case, as in Fingerprint
};

std::string name_of_image(size_t index) {
  return index < io::modality_names.size() ? io::modality_names[index] : "segmentation";
}

// "t1, flair" of one case that are images of the other.
std::string pairs_text(const std::vector<std::pair<size_t, size_t>>& pairs) {
  std::vector<std::string> words;
  for (const auto& [own, other] : pairs) {
    words.push_back(own == other ? name_of_image(own)
                                 : fmt::format("{} (its {})", name_of_image(own), name_of_image(other)));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

// Each image that was there before, in order of cases, is told at the later case.
void compare_fingerprints(std::vector<CaseCheck>& checks) {
  std::map<uint64_t, Image> first;
  std::map<std::pair<size_t, size_t>, std::vector<std::pair<size_t, size_t>>> same;  // cases -> modalities
  for (size_t i = 0; i < checks.size(); ++i) {
    for (const Fingerprint& f : checks[i].fingerprints) {
      const auto [known, added] = first.try_emplace(f.hash, Image{i, f.image});
      if (!added) same[{i, known->second.index}].emplace_back(f.image, known->second.image);
    }
  }
  for (const auto& [cases, modalities] : same) {
    CaseReport &report = checks[cases.first].report, &other = checks[cases.second].report;
    const bool one_patient = io::patient_of(report.name) == io::patient_of(other.name),
               one_name = report.name == other.name;
    const auto name = [&](size_t i) { return one_name ? checks[i].folder.string() : checks[i].report.name; };
    report.findings.push_back(
        {one_patient ? FindingKind::duplicate : FindingKind::leakage,
         fmt::format("[{}] expected images of its own, got those of {}{} as {}; remove one of them", name(cases.first),
                     one_patient ? "" : "another patient, ", name(cases.second), pairs_text(modalities))});
  }
}

FindingKind kind_of(io::DatasetProblem::Kind kind) {
  switch (kind) {
    case io::DatasetProblem::Kind::layout:
      return FindingKind::layout;
    case io::DatasetProblem::Kind::labels:
      return FindingKind::labels;
    case io::DatasetProblem::Kind::modality:
    case io::DatasetProblem::Kind::segmentation:
    case io::DatasetProblem::Kind::missing:
      break;
  }
  return FindingKind::missing;
}

// To the case of that name, where it is the only one.
void add_problems(const io::DatasetScan& scan, DatasetReport& report) {
  for (const io::DatasetProblem& problem : scan.problems) {
    const auto named = [&](const CaseReport& c) { return c.name == problem.case_name; };
    const bool one = std::ranges::count_if(report.cases, named) == 1;
    (one ? std::ranges::find_if(report.cases, named)->findings : report.findings)
        .push_back({kind_of(problem.kind), problem.message});
  }
}

std::vector<CaseCheck> check_and_compare(const std::vector<io::CaseFiles>& cases, CheckLevel level) {
  std::vector<CaseCheck> checks = check_all(cases, level);
  compare_fingerprints(checks);
  return checks;
}

// Of each case.
std::vector<std::vector<std::string>> violations_in(const std::vector<CaseCheck>& checks) {
  std::vector<std::vector<std::string>> violations(checks.size());
  for (size_t i = 0; i < checks.size(); ++i) {
    for (const Finding& f : checks[i].report.findings) {
      if (!is_warning(f.kind)) violations[i].push_back(f.message);
    }
  }
  return violations;
}

// A line a kind, as datasets often have the same of all their cases.
void print_warnings(const std::vector<CaseCheck>& checks, const std::string& tool) {
  struct Kind {
    int64_t cases = 0;
    std::string first;
  };
  std::map<FindingKind, Kind> kinds;
  for (const CaseCheck& check : checks) {
    std::set<FindingKind> own;
    for (const Finding& f : check.report.findings) {
      if (!is_warning(f.kind) || !own.insert(f.kind).second) continue;
      Kind& kind = kinds[f.kind];
      if (kind.cases++ == 0) kind.first = fmt::format("{}: {}", check.report.name, f.message);
    }
  }
  for (const auto& [kind, found] : kinds) {
    print_message("{}: warning: {} of {} of {} cases; the first, case {}\n", tool, name_of(kind), found.cases,
                  checks.size(), found.first);
  }
}

}  // namespace

DatasetReport check_dataset(const std::filesystem::path& path, const std::optional<io::LabelProfile>& labels) {
  const io::DatasetScan scan = io::scan_dataset(path, labels);
  std::vector<CaseCheck> checks = check_and_compare(scan.cases, CheckLevel::full);
  DatasetReport report{.data = path.string(), .layout = scan.layout, .cases = {}, .findings = {}};
  for (CaseCheck& check : checks) report.cases.push_back(std::move(check.report));
  add_problems(scan, report);
  const bool readable =
      std::any_of(report.cases.begin(), report.cases.end(), [](const CaseReport& c) { return c.readable_files > 0; });
  if (!readable) {
    const Finding& first = report.findings.empty() ? report.cases.at(0).findings.at(0) : report.findings[0];
    throw DataError(fmt::format("[{}] expected a dataset, got no image that can be read; check the path. The first: {}",
                                path.string(), first.message));
  }
  return report;
}

std::vector<std::vector<std::string>> find_violations(const std::vector<io::CaseFiles>& cases, CheckLevel level,
                                                      const std::string& tool) {
  if (level == CheckLevel::none) return std::vector<std::vector<std::string>>(cases.size());
  const std::vector<CaseCheck> checks = check_and_compare(cases, level);
  print_warnings(checks, tool);
  return violations_in(checks);
}

void expect_sound(const std::vector<io::CaseFiles>& cases, const std::filesystem::path& path, CheckLevel level,
                  const std::string& tool) {
  if (level == CheckLevel::none) return;
  const std::vector<CaseCheck> checks = check_and_compare(cases, level);
  std::vector<std::string> violations;
  for (size_t i = 0; const std::vector<std::string>& own : violations_in(checks)) {
    for (const std::string& violation : own) violations.push_back(fmt::format("case {}: {}", cases[i].name, violation));
    ++i;
  }
  if (violations.empty()) return print_warnings(checks, tool);
  const size_t more = violations.size() - 1;
  throw DataError(
      more == 0 ? violations[0]
                : fmt::format("{}\nand {} more: run revunet-check --data {}", violations[0], more, path.string()));
}

void add_check_option(CLI::App& app, std::string& name) {
  app.add_option("--check", name,
                 "check of all cases before the start: full (as revunet-check, every file is read once more), headers "
                 "(grids and lengths of the files) or none")
      ->check(one_of({"full", "headers", "none"}))
      ->capture_default_str();
}

CheckLevel parse_check_level(const std::string& name) {
  return name == "none" ? CheckLevel::none : name == "full" ? CheckLevel::full : CheckLevel::headers;
}

}  // namespace revunet::tools

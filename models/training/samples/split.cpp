#include "models/training/samples/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <regex>
#include <set>

#include "engine/error.h"
#include "engine/process/interruption.h"
#include "engine/rng.h"
#include "io/files/json_file.h"
#include "io/files/sha256.h"
#include "io/progress/parallel.h"
#include "io/task/task_json.h"
#include "io/text/printable.h"
#include "models/training/samples/random_sequences.h"

namespace revunet {

namespace {

std::vector<size_t> shuffled(size_t count, Rng rng) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t i = count; i > 1; --i)
    std::swap(order[i - 1], order[static_cast<size_t>(rng.below(static_cast<int64_t>(i)))]);
  return order;
}

// Returns the names of cases by patient, patients in a seeded random order.
std::vector<std::vector<std::string>> shuffled_patients(const std::vector<io::CaseFiles>& cases,
                                                        const SplitOptions& options) {
  std::map<std::string, std::vector<std::string>> by_patient;
  for (const io::CaseFiles& c : cases) by_patient[options.patients.of(c.name)].push_back(c.name);
  std::vector<std::vector<std::string>> patients;
  for (auto& [patient, names] : by_patient) patients.push_back(std::move(names));
  std::vector<std::vector<std::string>> result;
  for (const size_t i : shuffled(patients.size(), Rng(options.seed, kSplitSequence)))
    result.push_back(std::move(patients[i]));
  return result;
}

// Returns the names of the cases that validate.
std::set<std::string> share(const std::vector<io::CaseFiles>& cases, const SplitOptions& options) {
  const double fraction = options.validation_fraction;
  const auto wanted = std::lround(fraction * static_cast<double>(cases.size()));
  const auto patients = shuffled_patients(cases, options);
  std::set<std::string> validating;
  for (size_t i = 0; i + 1 < patients.size() && fraction > 0; ++i) {  // at least one trains
    const auto without = static_cast<int64_t>(validating.size());
    const auto with = without + static_cast<int64_t>(patients[i].size());
    if (i > 0 && std::abs(with - wanted) > std::abs(without - wanted)) break;
    validating.insert(patients[i].begin(), patients[i].end());
  }
  return validating;
}

std::set<std::string> fold_of(const std::vector<io::CaseFiles>& cases, const SplitOptions& options) {
  const auto patients = shuffled_patients(cases, options);
  REVUNET_EXPECTS(options.folds <= static_cast<int64_t>(patients.size()), UsageError,
                  "[`folds`] expected at most as many folds as there are patients, {}, got {}", patients.size(),
                  options.folds);
  std::set<std::string> validating;
  for (size_t i = 0; i < patients.size(); ++i) {
    if (static_cast<int64_t>(i) % options.folds == options.fold)
      validating.insert(patients[i].begin(), patients[i].end());
  }
  return validating;
}

std::vector<std::string> names_in(const nlohmann::json& split, const char* part, const std::filesystem::path& path) {
  const bool is_list = split.is_object() && split.contains(part) && split[part].is_array() &&
                       std::ranges::all_of(split[part], [](const auto& name) { return name.is_string(); });
  REVUNET_EXPECTS(is_list, DataError, "[{}] expected a list of cases' names under \"{}\", as in a run's split.json",
                  path.string(), part);
  return split[part].get<std::vector<std::string>>();
}

FileHashes hashes_in(const nlohmann::json& split, const std::filesystem::path& path) try {
  return split.contains("sha256") ? split["sha256"].get<FileHashes>() : FileHashes{};
} catch (const nlohmann::json::exception& e) {
  throw DataError(
      fmt::format("[{}] expected sums by case and file under \"sha256\", got: {}", path.string(), io::reason_of(e)));
}

Split split_of_file(std::vector<io::CaseFiles> cases, const SplitOptions& options) {
  const std::filesystem::path& path = options.file;
  std::map<std::string, io::CaseFiles> by_name;
  for (io::CaseFiles& c : cases) by_name.emplace(c.name, std::move(c));
  const nlohmann::json json = io::read_json_file(path);
  Split split;
  std::map<std::string, const char*> side_of_patient;
  for (const auto& [part, list] : {std::pair{"training", &split.training}, {"validation", &split.validation}}) {
    for (const std::string& name : names_in(json, part, path)) {
      auto found = by_name.extract(name);
      REVUNET_EXPECTS(!found.empty(), DataError,
                      "[{}] expected cases of the dataset, each once, got {}, which is not there or was named before",
                      path.string(), io::excerpt(name));
      const auto [known, added] = side_of_patient.emplace(options.patients.of(name), part);
      REVUNET_EXPECTS(added || std::string(known->second) == part, DataError,
                      "[{}] expected all cases of a patient on one side, got {} under {} and others of {} under {}",
                      path.string(), name, part, known->first, known->second);
      list->push_back(std::move(found.mapped()));
    }
    std::ranges::sort(*list, std::less<>(), &io::CaseFiles::name);
  }
  REVUNET_EXPECTS(!split.training.empty(), DataError, "[{}] expected a case to train on, got none", path.string());
  split.unused = by_name.size();
  split.hashes = hashes_in(json, path);
  return split;
}

void expect_segmentations(const std::vector<io::CaseFiles>& cases) {
  std::vector<std::string> without;
  for (const io::CaseFiles& c : cases) {
    if (!c.segmentation) without.push_back(c.name);
  }
  REVUNET_EXPECTS(without.empty(), DataError,
                  "[{}] expected a segmentation to train on, got none; add it or move the case away{}", without.front(),
                  without.size() > 1 ? fmt::format("\nand {} more cases have none", without.size() - 1) : "");
}

// Returns an empty text where there is none.
std::string listed_sum(const FileHashes& hashes, const std::string& case_name, const std::string& role) {
  const auto found = hashes.find(case_name);
  if (found == hashes.end() || !found->second.contains(role)) return {};
  return found->second.at(role);
}

}  // namespace

Split split_cases(std::vector<io::CaseFiles> cases, const SplitOptions& options) {
  if (!options.file.empty()) {
    Split split = split_of_file(std::move(cases), options);
    expect_segmentations(split.training);
    expect_segmentations(split.validation);
    return split;
  }
  expect_segmentations(cases);
  const std::set<std::string> validating = options.folds > 0 ? fold_of(cases, options) : share(cases, options);
  Split split;
  for (io::CaseFiles& c : cases) {
    (validating.contains(c.name) ? split.validation : split.training).push_back(std::move(c));
  }
  return split;
}

FileHashes hash_files(const Split& split, const io::SumOfFile& known, const io::OnProgress& progress) {
  struct File {
    std::string case_name, role;
    std::filesystem::path path;
    std::string sum;
  };
  std::vector<File> files;
  for (const auto* list : {&split.training, &split.validation}) {
    for (const io::CaseFiles& c : *list) {
      for (const auto& [role, path] : io::files_of(c)) files.push_back({c.name, role, path, {}});
    }
  }
  std::ranges::sort(files, {}, [](const File& f) { return std::tie(f.case_name, f.role); });
  std::vector<File*> unknown;
  for (File& file : files) {
    const auto found = known.find(file.path);
    if (found == known.end()) {
      unknown.push_back(&file);
    } else {
      file.sum = found->second;
    }
  }
  io::for_each_in_parallel(unknown.size(), "files hashed", progress, [&](size_t i) {
    if (!interrupted()) unknown[i]->sum = io::sha256_of_file(unknown[i]->path);
  });
  if (interrupted()) throw Interrupted("interrupted before the first step; the run folder is as it was");
  FileHashes hashes;
  for (const auto& [name, role, path, sum] : files) {
    hashes[name][role] = sum;
    const std::string listed = listed_sum(split.hashes, name, role);
    REVUNET_EXPECTS(
        listed.empty() || listed == sum, DataError,
        "[{}] expected the file that the split was made with, of SHA-256 {}, got {}; put that file back, or, "
        "if the new one is right, remove its line from the split's file",
        path.string(), listed, sum);
  }
  return hashes;
}

std::string to_json(const Split& split) {
  const auto names = [](const std::vector<io::CaseFiles>& cases) {
    std::vector<std::string> list;
    for (const io::CaseFiles& c : cases) list.push_back(c.name);
    return list;
  };
  nlohmann::json json{{"training", names(split.training)}, {"validation", names(split.validation)}};
  if (!split.hashes.empty()) json["sha256"] = split.hashes;
  if (!split.training.empty()) json["task"] = io::to_json(*split.training.front().task());
  return json.dump(2) + "\n";
}

io::TaskPointer task_of_split(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return io::brats_task();
  const nlohmann::json json = io::read_json_file(file);
  if (!json.is_object() || !json.contains("task")) return io::brats_task();
  return io::at_place(file.string(), [&] { return io::task_from_json(json["task"]); });
}

std::vector<size_t> epoch_order(size_t count, uint64_t seed, int64_t epoch) {
  return shuffled(count, Rng(seed, kOrderSequence + static_cast<uint64_t>(epoch)));
}

}  // namespace revunet

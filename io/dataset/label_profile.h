// A LabelProfile says what the numbers in a segmentation file stand for. BraTS changed them over the years, and other
// datasets have their own.
//
// Non-obvious rule: inside the program, labels have the numbers of their task. Only files have profiles, and a profile
// comes from a dataset's layout or from the user, never from the values that a file happens to hold.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/task/brats_task.h"

namespace revunet::io {

class LabelProfile {
 public:
  struct Meaning {
    uint8_t value;  // in files
    uint8_t label;  // in the program, as the task has it
    bool operator==(const Meaning&) const = default;
  };

  // Throws Error unless there is a value for each of the task's labels, and no others. Where a label has several
  // values, the first is written.
  LabelProfile(std::string name, TaskPointer task, std::vector<Meaning> meanings);

  static const LabelProfile& brats();      // BraTS 2018-2021: 1 core, 2 oedema, 4 enhancing
  static const LabelProfile& brats2015();  // BraTS 2013-2015: 1 necrosis and 3 non-enhancing, both core; 2, 4 as later
  static const LabelProfile& brats2023();  // 1 core, 2 oedema, 3 enhancing
  static const LabelProfile& brats2024();  // as 2023, with 4 for the resection cavity, which is background
  static const LabelProfile& brats2024_rc();  // as 2023, with 4 for the resection cavity, which is a region of its own
  // BraTS-PEDs 2024 (arXiv 2404.15009) has 1 enhancing, 2 non-enhancing core, 3 cyst (which is core), 4 oedema.
  static const LabelProfile& brats2024_ped();
  static const LabelProfile& msd();  // Decathlon Task01: 1 oedema, 2 core, 3 enhancing
  static const std::vector<LabelProfile>& named();

  const std::string& name() const { return name_; }
  const TaskPointer& task() const { return task_; }
  const std::vector<Meaning>& meanings() const { return meanings_; }  // by value
  std::optional<uint8_t> label_of(uint8_t value) const;
  uint8_t value_of(uint8_t label) const;  // throws Error for a label that the task lacks
  std::string values_text() const;        // "0, 1, 2 and 4"
  std::string meanings_text() const;      // "0 background, 1 core, 2 oedema, 4 enhancing"
  // Returns whether the same values stand for the same labels, in tasks of the same regions.
  bool same_meanings(const LabelProfile& other) const;

 private:
  std::string name_;
  TaskPointer task_;
  std::vector<Meaning> meanings_;
};

// Returns the one named profile of a task that ships, or the profile of files that have the task's own numbers, whose
// name is the task's. Throws Error for brats_task(), which has several.
LabelProfile profile_of_task(const TaskPointer& task);

// Returns whether cases of this name have been published with two label conventions: BraTS-PEDs in 2023 (brats2023) and
// in 2024 (brats2024-ped). Only the user knows which one a case has.
bool has_two_conventions(const std::string& case_name);
// Throws DataError with `path` where they have.
void expect_one_convention(const std::string& case_name, const std::filesystem::path& path);

// Throws UsageError for a name that is not in LabelProfile::named().
const LabelProfile& label_profile(const std::string& name);

// ValueCounts says how often each value occurs in segmentations.
using ValueCounts = std::array<int64_t, 256>;
ValueCounts count_values(std::span<const uint8_t> values);

// Returns values that the profile lacks, with how often they occur.
std::map<uint8_t, int64_t> unexpected_values(const ValueCounts& counts, const LabelProfile& profile);

// Throws DataError for values that the profile lacks. The message has `path`, the profile and its values, each other
// value with its count, and every profile that has all the values in `seen`, which are those of the whole dataset where
// more than this file is known.
void expect_known_values(const ValueCounts& counts, const LabelProfile& profile, const std::filesystem::path& path,
                         const ValueCounts& seen);

// Turns a file's values into labels. Throws DataError as expect_known_values does.
std::vector<uint8_t> labels_of_values(std::span<const uint8_t> values, const LabelProfile& profile,
                                      const std::filesystem::path& path);

// Turns labels into the values to write. Throws Error for a label that the task lacks.
std::vector<uint8_t> values_of_labels(std::span<const uint8_t> labels, const LabelProfile& profile);

}  // namespace revunet::io

// These functions find the cases of a run, split them and check them, before any of them is trained on.
#pragma once

#include <filesystem>
#include <optional>

#include "io/check/check.h"
#include "models/training/train_options.h"

namespace revunet {

// A DatasetChoice says which dataset a run takes, and how it is read.
struct DatasetChoice {
  std::filesystem::path path;
  std::optional<io::LabelProfile> labels;    // none: as the layout says
  std::vector<std::string> modalities = {};  // those that are used; empty: all
  io::CheckLevel check = io::CheckLevel::full;
};

// SplitMessages are told what is found while the cases are looked at. Each may be empty.
struct SplitMessages {
  io::OnNote on_note = {}, on_warning = {};
  io::OnProgress progress = {};
};

struct CheckedSplit {
  Split split;
  io::SumOfFile sums;  // of the files that the check has read whole
};

// Returns the split of the dataset's cases that the run takes, which are sound at the level of the choice. A run that
// goes on has the split in its folder, and its cases are checked by their headers at most: their hashes show that the
// files are those that were checked when it began (complete_split). Throws as io::find_cases, split_cases,
// io::expect_sound and expect_validation do.
CheckedSplit checked_split(const DatasetChoice& data, const TrainOptions& options, const SplitMessages& messages);

// Returns the split in the folder of a run, for a process that takes part in it: another one has checked the cases.
// Throws as io::find_cases and split_cases do.
Split split_of_run(const DatasetChoice& data, const TrainOptions& options);

// Adds what takes long: the hashes of the files that have none yet, and the numbers of validation cases with each
// region. Throws as hash_files, count_regions and expect_validation do.
Split complete_split(CheckedSplit checked, const StoppingRule& stopping, const io::OnProgress& progress = {});

}  // namespace revunet

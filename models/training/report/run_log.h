// This file reads a run's log.csv.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/training/run_folder/run_folder.h"

namespace revunet {

// Returns one record per row of a run on this task, in order. Throws DataError with `origin`, row and column for what
// RunFolder::append does not write: epochs that do not ascend, a Dice outside 0 to 1, and negative times and learning
// rates. Losses may be any numbers, including infinity and NaN.
std::vector<EpochRecord> parse_log(const std::string& csv, const std::filesystem::path& origin,
                                   const io::TaskPointer& task);

// Returns the epoch of best.safetensors, by the log's digits: the one with the highest mean validation Dice, or with
// the lowest loss where no epoch has a Dice. Of several, it is the first. Returns nullptr for a log without such an
// epoch.
const EpochRecord* best_epoch(const std::vector<EpochRecord>& log);

}  // namespace revunet

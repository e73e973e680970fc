// Reads a run's log.csv.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/training/run_folder/run_folder.h"

namespace revunet {

// A record per row, in order. DataError naming `origin`, row and column for what RunFolder::append does not write: for
// epochs that do not ascend, a Dice outside 0 to 1, negative times and learning rates. Losses may be any numbers, also
// infinite and NaN.
std::vector<EpochRecord> parse_log(const std::string& csv, const std::filesystem::path& origin);

// The epoch of best.safetensors, by the log's digits: of the highest mean validation Dice, where no epoch has one of
// the lowest loss; the first of several. nullptr for a log without such.
const EpochRecord* best_epoch(const std::vector<EpochRecord>& log);

}  // namespace revunet

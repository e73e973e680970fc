// An EpochRecord holds the results of an epoch of training. It becomes a row of log.csv and a line for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/memory/caching_allocator.h"
#include "models/training/region_scores.h"

namespace revunet {

struct EpochRecord {
  io::TaskPointer task;
  int64_t epoch = 0, step = 0;  // of the whole run, both from 1
  double learning_rate = 0;
  RegionValues loss;  // mean over the epoch's samples, of each part of the loss (loss_names)
  RegionScores dice;  // mean of each region over the validation cases that have it; nothing without validation
  double training_seconds = 0, validation_seconds = 0;
  double waiting_seconds = 0;  // the part of training spent waiting for data
  MemoryStats memory;          // at the epoch's peak
  bool validated = false;      // a validated epoch has no dice either where no case has a region

  double total_loss() const { return sum_of(loss); }
  std::optional<double> mean_dice() const { return mean_over_regions(dice); }
};

// Returns the names of columns, such as "dice_wt": small letters and digits, and _ for all others. Of two that would be
// the same, the second ends in _2.
std::vector<std::string> columns_of(const std::string& what, const std::vector<std::string>& names);
// Both end with a line break. A region without a Dice has an empty cell.
std::string csv_header(const io::Task& task);
std::string csv_row(const EpochRecord& record);

// Returns "epoch 3/100  loss ...", in 100 columns, out of `epochs`. best is set where its weights are those to keep.
std::string describe(const EpochRecord& record, int64_t epochs, bool best);

}  // namespace revunet

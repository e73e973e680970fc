// What an epoch of training came to: as a row of log.csv and as a line for people.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/memory/caching_allocator.h"
#include "io/regions.h"

namespace revunet::tools {

using RegionValues = std::array<double, io::region_count>;  // WT, TC, ET

struct EpochRecord {
  int64_t epoch = 0, step = 0;  // of the whole run, both from 1
  double learning_rate = 0;
  RegionValues loss{};               // mean Dice loss over the epoch's steps
  std::optional<RegionValues> dice;  // mean over validation cases
  double training_seconds = 0, validation_seconds = 0;
  double waiting_seconds = 0;  // of training: for data
  MemoryStats memory;          // of the epoch's peak

  double total_loss() const { return loss[0] + loss[1] + loss[2]; }
  double mean_dice() const { return dice ? ((*dice)[0] + (*dice)[1] + (*dice)[2]) / 3 : 0; }
};

// Both end with a line break. Cells of an epoch that was not validated are empty.
std::string csv_header();
std::string csv_row(const EpochRecord& record);

// "epoch 3/100  loss ...": of `epochs`; best where its weights are those to keep.
std::string describe(const EpochRecord& record, int64_t epochs, bool best);

}  // namespace revunet::tools

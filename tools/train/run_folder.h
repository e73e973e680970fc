// The files of a training run:
//
//   config.toml             the effective configuration, which --config reads back
//   split.json              which cases train and which validate
//   train.log               what the terminal showed, with times
//   log.csv                 a row an epoch
//   last.safetensors        weights after the latest epoch
//   best.safetensors        weights of the best validation (without validation cases: of the lowest loss)
//   checkpoint.safetensors  all that --resume needs, and checkpoint.previous.safetensors, the one before
//
// Each but train.log is written to a temporary name, synced and renamed, so a run that fails leaves whole files.
#pragma once

#include <array>
#include <filesystem>
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

class RunFolder {
 public:
  // Makes the folder. UsageError if it exists and is not empty.
  explicit RunFolder(std::filesystem::path path);
  // The folder of an earlier run, whose log goes on. UsageError if it is none.
  static RunFolder of_earlier_run(std::filesystem::path path);

  std::filesystem::path file(const std::string& name) const { return path_ / name; }
  void write(const std::string& name, const std::string& text) const;
  // Adds a row to log.csv.
  void append(const EpochRecord& record);
  // log.csv so far.
  const std::string& log() const { return log_; }
  void restore_log(std::string log) { log_ = std::move(log); }

 private:
  RunFolder() = default;

  std::filesystem::path path_;
  std::string log_;
};

}  // namespace revunet::tools

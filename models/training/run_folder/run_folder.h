// A RunFolder has the files of a training run:
//
//   config.toml             the effective configuration, which --config reads back
//   split.json              which cases train and which validate
//   train.log               what the terminal showed, with times
//   run.lock                the lock of the process that writes here
//   log.csv                 one row per epoch
//   last.safetensors        weights after the latest epoch
//   best.safetensors        weights of the best validation (where none can be scored: of the lowest loss)
//   checkpoint.safetensors  all that --resume needs, and checkpoint.previous.safetensors, the one before
//
// Each but train.log and run.lock is written to a temporary name, synced and renamed, so a run that fails leaves whole
// files.
//
// Rule: config.toml comes after split.json and before weights. Where it exists, there is a run that can go on.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "models/training/run_folder/epoch_record.h"
#include "models/training/run_folder/run_lock.h"

namespace revunet {

class RunFolder {
 public:
  // Makes the folder of a new run. Throws UsageError if another process writes there, or if there is something in it,
  // other than what a run leaves that was killed before its config.toml was written. A folder that is refused stays as
  // it is.
  static RunFolder make(std::filesystem::path path);
  // Does only the same check, before work that would be lost.
  static void expect_new(const std::filesystem::path& path);
  // Returns the folder of an earlier run. Throws UsageError if it is none, or if another process writes there.
  static RunFolder of_earlier_run(std::filesystem::path path);
  // Returns the folder of a run that another process writes, to read its checkpoint. This object writes nothing.
  static RunFolder of_others(std::filesystem::path path) { return RunFolder(std::move(path)); }
  // Returns whether this process writes there.
  bool is_own() const { return lock_.has_value(); }
  // No other process writes there while this object lives. Where the disk has no locks, returns the reason; otherwise
  // returns an empty text.
  std::string lock_warning() const { return lock_ ? lock_->warning() : ""; }

  std::filesystem::path file(const std::string& name) const { return path_ / name; }
  void write(const std::string& name, const std::string& text) const;
  // Adds a row to log.csv.
  void append(const EpochRecord& record);
  // Returns log.csv so far. A run begins with its header.
  const std::string& log() const { return log_; }
  void restore_log(std::string log) { log_ = std::move(log); }

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  // Removes the temporary files that killed processes have left there.
  RunFolder(std::filesystem::path path, RunLock lock);

  std::filesystem::path path_;
  std::optional<RunLock> lock_;
  std::string log_;
};

}  // namespace revunet

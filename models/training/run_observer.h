// A RunObserver watches a run while it trains: event files, pictures, a report.
//
// Rule: observers only watch. A run has the same bits with and without them. An observer that fails (on a full disk) is
// removed with a warning, and the run goes on.
#pragma once

#include "io/preprocessing/preprocessing.h"
#include "models/training/process_times.h"
#include "models/training/run_folder/run_folder.h"

namespace revunet {

// Where several processes validate, one sees all cases, but input and prediction only of its own and of those that are
// drawn (TrainOptions::previews).
struct ValidatedCase {
  int64_t epoch;                        // the epoch of the validation
  size_t index;                         // in the split's order
  const io::Preprocessed* input;        // nullptr: another process has it
  std::span<const uint8_t> prediction;  // labels (X, Y, Z), as those of the input
  const RegionValues& dice;
};

class RunObserver {
 public:
  virtual ~RunObserver() = default;

  // Returns what is no longer written, for the warning.
  virtual std::string name() const = 0;
  // Called before the first step. step is the number of steps that an earlier run has made, or 0. Steps after that,
  // which the earlier run made before a crash, will be seen again.
  virtual void on_start(int64_t /*step*/) {}
  // Called after an optimiser step, which is number `step` of the run. losses is the mean over its samples.
  virtual void on_step(int64_t /*step*/, const RegionValues& /*losses*/) {}
  // Called after each case of a validation.
  virtual void on_validation_case(const ValidatedCase& /*c*/) {}
  // Called after an epoch of several processes, with the times of each, in the order of ranks.
  virtual void on_processes(int64_t /*epoch*/, const std::vector<ProcessTime>& /*times*/) {}
  // Called after an epoch and its validation, once log.csv has its row and before the run is saved.
  virtual void on_epoch(const EpochRecord& /*record*/) {}
  // Called after all epochs, once train.log has the run's closing lines.
  virtual void on_end() {}
};

}  // namespace revunet

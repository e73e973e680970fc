// A RunObserver watches a run while it trains: event files, pictures, a report.
//
// Rule: observers only watch. A run has the same bits with and without them. An observer that fails (on a full disk) is
// removed with a warning, and the run goes on.
#pragma once

#include "io/preprocessing/preprocessing.h"
#include "models/training/run_folder/run_folder.h"

namespace revunet {

struct ValidatedCase {
  int64_t epoch;  // the epoch of the validation
  size_t index;   // in the split's order
  const io::Preprocessed& input;
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
  // Called after an epoch and its validation, once log.csv has its row and before the run is saved.
  virtual void on_epoch(const EpochRecord& /*record*/) {}
  // Called after all epochs, once train.log has the run's closing lines.
  virtual void on_end() {}
};

}  // namespace revunet

// Who looks on while a run trains: event files, pictures, a report.
//
// Rule: observers only look. A run has the same bits with and without them, and one that fails (a full disk) is let go
// with a warning; the run goes on.
#pragma once

#include "io/preprocessing/preprocessing.h"
#include "models/training/run_folder/run_folder.h"

namespace revunet {

struct ValidatedCase {
  int64_t epoch;  // whose validation it is
  size_t index;   // in the split's order
  const io::Preprocessed& input;
  std::span<const uint8_t> prediction;  // labels (X, Y, Z), as those of the input
  const RegionValues& dice;
};

class RunObserver {
 public:
  virtual ~RunObserver() = default;

  // What a warning says is no longer written.
  virtual std::string name() const = 0;
  // Before the first step. step: those that an earlier run, which this one goes on with, has made; else 0. What was
  // seen of later ones, before a crash, is going to be seen again.
  virtual void on_start(int64_t /*step*/) {}
  // After an optimiser step, the run's step-th. losses: mean over its samples.
  virtual void on_step(int64_t /*step*/, const RegionValues& /*losses*/) {}
  // After each case of a validation.
  virtual void on_validation_case(const ValidatedCase& /*c*/) {}
  // After an epoch and its validation, once log.csv has its row and before the run is saved.
  virtual void on_epoch(const EpochRecord& /*record*/) {}
  // After all epochs, once train.log has what the run says at its end.
  virtual void on_end() {}
};

}  // namespace revunet

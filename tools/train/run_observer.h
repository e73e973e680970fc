// Who looks on while a run trains: event files, pictures, a report.
//
// Rule: observers only look. A run has the same bits with and without them, and one that fails (a full disk) is let go
// with a warning; the run goes on.
#pragma once

#include "io/preprocessing.h"
#include "tools/train/run_folder.h"

namespace revunet::tools {

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
  // After each case of a validation; index: in the split's order. prediction: labels (X, Y, Z) as those of the case.
  virtual void on_validation_case(size_t /*index*/, const io::Preprocessed& /*c*/,
                                  std::span<const uint8_t> /*prediction*/, const RegionValues& /*dice*/) {}
  // After an epoch and its validation, once log.csv has its row and before the run is saved.
  virtual void on_epoch(const EpochRecord& /*record*/) {}
};

}  // namespace revunet::tools

// What keeps a run whole around its steps: what is saved where, what a signal does, and how a run goes on that failed
// or was stopped.
//
// Rule: a run that cannot go on where it is has been saved before it ends, and the message says how to go on.
#pragma once

#include <exception>
#include <functional>
#include <string>

#include "engine/process/interruption.h"
#include "models/training/reconstruction.h"
#include "models/training/run_folder/checkpoint.h"
#include "models/training/run_length.h"
#include "models/training/run_progress.h"
#include "models/training/train_options.h"

namespace revunet {

class RunSession {
 public:
  // What a checkpoint holds besides the run's state.
  struct Trained {
    Context ctx;
    UNet& model;
    Adam& adam;
    WeightAverage* average;  // nullptr where there is none
    SequenceWatch& watch;
  };

  // Where the run goes on from a checkpoint, `trained` becomes what that has, and the folder's log too. scores_dice:
  // whether any case that validates has a region. Everything that is passed by reference outlives this.
  RunSession(const TrainOptions& options, const RunLength& length, bool scores_dice, RunFolder& folder,
             RunProgress& progress, const Trained& trained);

  // Whether a run with these options goes on from a checkpoint. A resumed run that was killed before its first
  // checkpoint begins anew.
  static bool restores(const TrainOptions& options, const RunFolder& folder);

  RunState& state() { return state_; }
  // Samples of the epoch in progress.
  int64_t samples_of_epoch() const { return length_.samples_of_epoch(state_.step, state_.sample_of_epoch); }
  // Whether the run has all epochs and steps that it was asked for.
  bool at_end() const;
  // Whether there is nothing left to do. An epoch whose steps are all done may lack its validation.
  bool done() const;
  // Why there is nothing left to do, and what to raise.
  std::string describe_end() const;

  // After the steps of an epoch: its weights become last.safetensors.
  void save_last() const;
  // After its validation: they become best.safetensors where no epoch before was better.
  void keep_best(const EpochRecord& record);
  // Its row goes into log.csv.
  void log(const EpochRecord& record);
  // The epoch is over: the next one begins, from a checkpoint, unless the validation scores say that it is enough.
  void checkpoint(const EpochRecord& record);

  // Before scores are averaged: scores that an older version gave to regions which no reference has cannot be compared
  // with those from now on, and go.
  void forget_older_scores();

  // Interrupted, once the run is saved, where a signal asks for it.
  void leave_if_interrupted();

  // Returns get(). Where it throws, on a case that cannot be read for example, the run is saved and nothing is lost.
  template <class Get>
  auto saved_if_failing(Get get) {
    try {
      return get();
    } catch (const DataError& e) {
      throw DataError(saved_because_of(e));
    } catch (const OutOfMemoryError& e) {
      throw OutOfMemoryError(saved_because_of(e), e.capacity);
    } catch (const Error& e) {
      throw Error(saved_because_of(e));
    } catch (const std::exception&) {  // of the system, such as a thread that cannot be started
      save_now();
      throw;
    }
  }

  // Runs the validation of an epoch. Where it fails for good, the epoch's losses are logged and not lost.
  template <class Validate>
  void logged_if_failing(const EpochRecord& record, Validate validate) {
    try {
      validate();
    } catch (const Interrupted&) {
      throw;  // the epoch goes on when the run does
    } catch (const DataError&) {
      throw;
    } catch (...) {
      log(record);
      throw;
    }
  }

 private:
  void resume();
  void save();
  // Saves the run within an epoch, and removes the progress line first.
  void save_now();
  void save_weights_as(const std::string& name) const;
  std::string saved_because_of(const Error& error);
  // Runs `write`, which makes a file of the run. Where that fails, on a full disk for example, the run goes on from its
  // last checkpoint.
  void write(const std::function<void()>& write) const;
  // By what the best epoch is chosen, higher is better; nothing for an epoch that lacks its validation.
  std::optional<double> score_of(const EpochRecord& record) const;

  const TrainOptions& options_;
  const RunLength length_;
  const bool scores_dice_;
  RunFolder& folder_;
  RunProgress& progress_;
  Trained trained_;
  RunState state_;
  EarlyStopping stopping_;
  bool stopped_ = false;  // by the rule of early stopping
  bool best_ = false;     // whether the epoch in progress has the best weights
};

}  // namespace revunet

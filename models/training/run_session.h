// A RunSession keeps a run whole around its steps: it decides what is saved where, what a signal does, and how a run
// that failed or was stopped goes on.
//
// Rule: a run that cannot go on has been saved before it ends, and the message says how to continue it. Where several
// processes train, all of them call what saves and what may end the run; the first alone writes.
#pragma once

#include <exception>
#include <functional>
#include <string>

#include "engine/distributed/agreement.h"
#include "engine/process/interruption.h"
#include "models/training/reconstruction.h"
#include "models/training/run_folder/checkpoint.h"
#include "models/training/run_length.h"
#include "models/training/run_progress.h"
#include "models/training/train_options.h"

namespace revunet {

class RunSession {
 public:
  // Trained is what a checkpoint holds in addition to the run's state.
  struct Trained {
    Context ctx;
    const io::Task& task;
    UNet& model;
    Adam& adam;
    WeightAverage* average;  // nullptr where there is no average
    SequenceWatch& watch;
  };

  // Where the run goes on from a checkpoint, `trained` and the folder's log are restored from it. scores_dice says
  // whether any case that validates has a region. Everything that is passed by reference outlives this object.
  RunSession(const TrainOptions& options, const RunLength& length, bool scores_dice, RunFolder& folder,
             RunProgress& progress, const Trained& trained);

  // Returns whether a run with these options goes on from a checkpoint. A resumed run that was killed before its first
  // checkpoint begins anew.
  static bool restores(const TrainOptions& options, const RunFolder& folder);

  RunState& state() { return state_; }
  // Returns the number of samples of the epoch in progress.
  int64_t samples_of_epoch() const { return length_.samples_of_epoch(state_.step, state_.sample_of_epoch); }
  // Throws Error where the processes have not read the same checkpoint, as on a shared disk that is late.
  void expect_same_everywhere() const;
  // Returns whether the run has all epochs and steps that it was asked for.
  bool at_end() const;
  // Returns whether there is nothing left to do. An epoch whose steps are all done may lack its validation.
  bool done() const;
  // Says why there is nothing left to do, and what to raise.
  std::string describe_end() const;

  // Called after the steps of an epoch, whose weights become last.safetensors.
  void save_last() const;
  // Called after the epoch's validation. The weights become best.safetensors where no epoch before was better.
  void keep_best(const EpochRecord& record);
  // Adds the epoch's row to log.csv.
  void log(const EpochRecord& record);
  // Ends the epoch. The next one begins, from a checkpoint, unless early stopping ends the run.
  void checkpoint(const EpochRecord& record);

  // Called before scores are averaged. Drops scores that an older version gave to regions which no reference has,
  // because they cannot be compared with later ones.
  void forget_older_scores();

  // Saves the run and throws Interrupted, where a signal asks any process for it.
  void leave_if_interrupted();

  // Called where a step has been made. With several processes, a run is saved as it is here: within a step, each of
  // them has a part of the gradients.
  void remember_step();

  // Returns get(). Where it throws, for example on a case that cannot be read, the run is saved and nothing is lost.
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
    } catch (const std::exception&) {  // thrown by the system, for example for a thread that cannot be started
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
      throw;  // the epoch continues when the run is resumed
    } catch (const DataError&) {
      throw;
    } catch (...) {
      if (fails_everywhere()) log(record);
      throw;
    }
  }

 private:
  // Returns whether the other processes fail with this one, and so take part in what is saved.
  bool fails_everywhere() const;
  void resume();
  bool has_scores() const;
  // Lets the scores of earlier epochs decide nothing more, because later ones cannot be compared with them.
  void forget_scores(const std::string& kind);
  // With several processes, each has a part of the gradients within a step. The run goes back to the end of the last
  // one.
  void go_back_to_step();
  void save();
  // Removes the progress line, then saves the run within an epoch.
  void save_now();
  void save_weights_as(const std::string& name) const;
  std::string saved_because_of(const Error& error);
  std::string can_go_on(const Error& error) const;
  // Runs `write`, which makes a file of the run, in the first process. Where that fails, for example on a full disk,
  // the run can go on from its last checkpoint.
  void write(const std::function<void()>& write) const;
  // Returns the score by which the best epoch is chosen, higher is better, or nothing for an epoch that lacks its
  // validation.
  std::optional<double> score_of(const EpochRecord& record) const;

  const TrainOptions& options_;
  const RunLength length_;
  const bool scores_dice_;
  RunFolder& folder_;
  RunProgress& progress_;
  Trained trained_;
  RunState state_;
  std::optional<RunState> after_step_;  // state_ after the last step; none: this process is the only one
  EarlyStopping stopping_;
  bool stopped_ = false;  // by the rule of early stopping
  bool best_ = false;     // whether the epoch in progress has the best weights
};

}  // namespace revunet

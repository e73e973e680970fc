// The training loop: steps, validation, checkpoints.
#pragma once

#include <memory>

#include "models/training/clocks.h"
#include "models/training/reconstruction.h"
#include "models/training/rescue.h"
#include "models/training/run_folder/checkpoint.h"
#include "models/training/run_folder/run_folder.h"
#include "models/training/run_length.h"
#include "models/training/run_memory.h"
#include "models/training/run_observer.h"
#include "models/training/run_progress.h"
#include "models/training/samples/sample_source.h"
#include "models/training/train_options.h"
#include "models/training_step.h"

namespace revunet {

class Trainer {
 public:
  // Makes the network, from options.init if there is one; with options.resume, as the folder's checkpoint has it.
  // program: its name and version, for traces. progress outlives this.
  Trainer(const TrainOptions& options, const Split& split, RunFolder& folder, const std::string& program,
          RunProgress& progress);

  // Shows the run to another, from its beginning. Before run().
  void add(std::unique_ptr<RunObserver> observer) { observers_.push_back(std::move(observer)); }

  // Trains to the end, with a checkpoint after every epoch. Interrupted, with a checkpoint, where a signal came.
  // Throws NonFiniteError at the first loss that is not finite, naming case and
  // tensor; files of earlier epochs stay.
  void run();

  const UNet& model() const { return *model_; }
  // What it trains on, for people.
  const std::string& device() const { return compute_.description(); }

 private:
  EpochRecord run_epoch();
  // One sample of the step in progress.
  RegionValues train_on(const TrainingSample& sample);
  std::vector<double> take(const TrainingSample& sample, const SamplePlace& place);
  TrainingSample next_sample();
  RegionScores validate();
  std::vector<float> predicted(const io::Preprocessed& c);  // probabilities (X, Y, Z, 3)
  void save_averaged(const std::string& name);
  void warn_if_cut(const std::string& case_name, const io::Size3& cut);
  // Where scores of a version that scored regions which no reference has cannot be compared with those from now on.
  void forget_older_scores();
  // By what the best epoch is chosen, higher is better; nothing for an epoch that lacks its validation.
  std::optional<double> score_of(const EpochRecord& record, bool validated) const;
  void finish_epoch(EpochRecord record);
  // Calls show(observer) for each; one that fails is let go.
  template <class Show>
  void for_each_observer(Show show);
  void begin_next_epoch();
  void resume();
  void save();
  // Whether this goes on from a checkpoint; --resume of a run that was killed before its first begins anew.
  bool restores() const { return options_.resume && has_checkpoint(folder_); }
  bool done() const { return stopped_ || (at_end() && state_.sample_of_epoch == 0); }
  std::string describe_end() const;
  bool at_end() const {
    return state_.epoch > options_.epochs || (options_.max_steps > 0 && state_.step >= options_.max_steps);
  }
  EpochOrder order() const { return {options_.seed, length_.cases, length_.accumulate}; }
  int64_t samples_of_epoch() const { return length_.samples_of_epoch(state_.step, state_.sample_of_epoch); }

  const TrainOptions& options_;
  RunFolder& folder_;
  RunProgress& progress_;
  const RunLength length_;
  ComputeDevice compute_;
  Device& device_ = compute_.get();
  Context ctx_{device_};
  std::optional<TraceRecorder> recorder_;  // before whatever allocates
  std::unique_ptr<UNet> model_;
  Adam adam_;
  TrainingStep step_;
  std::optional<io::CaseCache> cache_;
  SampleSource samples_;
  CaseLoader validation_;
  ReadAhead<CaseLoader::Case> validation_ahead_;
  SequenceWatch watch_;
  EarlyStopping stopping_{options_.stopping};
  std::vector<std::unique_ptr<RunObserver>> observers_;
  RunState state_;
  bool stopped_ = false;     // by the rule of early stopping
  bool scores_dice_ = true;  // whether any case that validates has a region
  RunMemory memory_;
  EveryMinute minute_;  // since train.log was told where the run is
  const Rescue rescue_;
};

}  // namespace revunet

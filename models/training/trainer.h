// The Trainer is the training loop: steps, validation, checkpoints.
#pragma once

#include <memory>

#include "models/training/clocks.h"
#include "models/training/process_times.h"
#include "models/training/round_exchange.h"
#include "models/training/run_length.h"
#include "models/training/run_memory.h"
#include "models/training/run_observers.h"
#include "models/training/run_session.h"
#include "models/training/samples/sample_source.h"
#include "models/training/shared_warnings.h"
#include "models/training/train_options.h"
#include "models/training_step.h"

namespace revunet {

class Trainer {
 public:
  // Makes the network, from options.init if there is one, or with options.resume from the folder's checkpoint. program
  // is its name and version, for traces. progress outlives this object.
  Trainer(const TrainOptions& options, const Split& split, RunFolder& folder, const std::string& program,
          RunProgress& progress);

  // Shows the run to another observer, from its beginning. Call it before run().
  void add(std::unique_ptr<RunObserver> observer) { observers_.add(std::move(observer)); }

  // Trains to the end, with a checkpoint after every epoch. Throws Interrupted, with a checkpoint, where a signal came.
  // Throws NonFiniteError, or Error where several processes train, at the first loss that is not finite, with case and
  // tensor; files of earlier epochs stay.
  void run();

  const UNet& model() const { return *model_; }
  // Describes the device that it trains on, for people.
  const std::string& device() const { return compute_.description(); }

 private:
  void begin();
  void end();
  void show_processes(int64_t epoch);
  EpochRecord train_epoch();
  // A Round is what the processes take at once: each takes one of the next samples of a step, until it has no more.
  struct Round {
    int64_t count = 1;               // samples, of the processes of the first ranks
    std::optional<SamplePlace> own;  // none: this process has nothing to do
    SamplePlace last;                // of the last rank that has a sample
  };
  Round next_round() const;
  // Returns the losses of each sample of the round, on all processes.
  std::vector<RegionValues> train_on(const Round& round, const std::optional<TrainingSample>& sample);
  std::vector<double> take(const TrainingSample& sample, const SamplePlace& place, const StepWatch& watch);
  // Counts the next sample of the run.
  void count(const RegionValues& losses);
  EpochRecord epoch_record() const;
  void count_waiting(double seconds);  // for a sample
  // Logs once a minute where the epoch is.
  void log_place(int64_t samples);
  bool validates(int64_t epoch) const;
  // Adds the scores of the epoch's validation, where it has one.
  void validate(EpochRecord& record);
  RegionScores validation_scores();
  void validate_case(int64_t index, ScoredCase& c);
  SharedCase to_draw(int64_t number);
  // Shows and counts the cases from `first` to `end`, of which `mine` is number `own`.
  void show_and_count(int64_t first, int64_t end, int64_t own, ScoredCase& mine);
  std::vector<float> predicted(const io::Preprocessed& c);  // probabilities (X, Y, Z, outputs)
  void warn_if_cut(const std::string& case_name, const io::Size3& cut);

  const TrainOptions& options_;
  const io::TaskPointer task_;
  RunFolder& folder_;
  RunProgress& progress_;
  const RunLength length_;
  ComputeDevice compute_;
  Device& device_ = compute_.get();
  Context ctx_{.device = device_, .processes = compute_.processes()};
  std::optional<TraceRecorder> recorder_;  // made before anything allocates
  std::unique_ptr<UNet> model_;
  Adam adam_;
  TrainingStep step_;
  SharedWarnings warnings_;
  std::optional<io::CaseCache> cache_;
  SampleSource samples_;
  CaseLoader validation_;
  const Share validation_share_;
  ReadAhead<SharedCase> validation_ahead_;
  SequenceWatch watch_;
  RunSession session_;
  RunState& state_ = session_.state();
  RunObservers observers_;
  RunMemory memory_;
  ProcessTimes times_;
  EveryMinute minute_;  // since train.log last said where the run is
};

}  // namespace revunet

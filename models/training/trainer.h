// The Trainer is the training loop: steps, validation, checkpoints.
#pragma once

#include <memory>

#include "models/training/clocks.h"
#include "models/training/run_length.h"
#include "models/training/run_memory.h"
#include "models/training/run_observers.h"
#include "models/training/run_session.h"
#include "models/training/samples/sample_source.h"
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
  // Throws NonFiniteError at the first loss that is not finite, with case and tensor; files of earlier epochs stay.
  void run();

  const UNet& model() const { return *model_; }
  // Describes the device that it trains on, for people.
  const std::string& device() const { return compute_.description(); }

 private:
  void begin();
  void end();
  EpochRecord train_epoch();
  RegionValues train_on(const TrainingSample& sample);
  std::vector<double> take(const TrainingSample& sample, const SamplePlace& place);
  EpochRecord epoch_record() const;
  // Logs once a minute where the epoch is.
  void log_place(int64_t samples);
  bool validates(int64_t epoch) const;
  // Adds the scores of the epoch's validation, where it has one.
  void validate(EpochRecord& record);
  RegionScores validation_scores();
  std::vector<float> predicted(const io::Preprocessed& c);  // probabilities (X, Y, Z, outputs)
  void warn_if_cut(const std::string& case_name, const io::Size3& cut);

  const TrainOptions& options_;
  const io::TaskPointer task_;
  RunFolder& folder_;
  RunProgress& progress_;
  const RunLength length_;
  ComputeDevice compute_;
  Device& device_ = compute_.get();
  Context ctx_{device_};
  std::optional<TraceRecorder> recorder_;  // made before anything allocates
  std::unique_ptr<UNet> model_;
  Adam adam_;
  TrainingStep step_;
  std::optional<io::CaseCache> cache_;
  SampleSource samples_;
  CaseLoader validation_;
  ReadAhead<SharedCase> validation_ahead_;
  SequenceWatch watch_;
  RunSession session_;
  RunState& state_ = session_.state();
  RunObservers observers_;
  RunMemory memory_;
  EveryMinute minute_;  // since train.log last said where the run is
};

}  // namespace revunet

// A SampleSource makes the samples of a training run, in order, ahead of their use.
#pragma once

#include "models/training/samples/case_loader.h"
#include "models/training/samples/read_ahead.h"
#include "models/training/samples/samples.h"
#include "models/training/train_options.h"

namespace revunet {

struct TrainingSample {
  Sample sample;
  std::string case_name;
  io::Size3 cut{};  // voxels of the brain that do not fit into the field of view
};

class SampleSource {
 public:
  SampleSource(const TrainOptions& options, std::vector<io::CaseFiles> cases, const io::CaseCache* cache);

  // Returns the number of samples per epoch: one for each case.
  int64_t count() const { return static_cast<int64_t>(loader_.count()); }
  // Returns the `number`-th sample of the run, counted from 0. Samples from `end` on are not made ahead. Throws as
  // CaseLoader::get does.
  TrainingSample get(int64_t number, int64_t end) { return ahead_.get(number, end); }
  // Returns the seconds that `get` has waited for samples since the last call of this function.
  double take_waited() { return ahead_.take_waited(); }

 private:
  TrainingSample make(int64_t number);

  const TrainOptions& options_;
  CaseLoader loader_;
  ReadAhead<TrainingSample> ahead_;  // last: its threads use the rest
};

}  // namespace revunet

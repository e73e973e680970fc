// A SampleSource makes the samples of a training run, in order, ahead of their use.
#pragma once

#include "models/sample_upload.h"
#include "models/training/samples/case_loader.h"
#include "models/training/samples/read_ahead.h"
#include "models/training/samples/samples.h"
#include "models/training/samples/share.h"
#include "models/training/train_options.h"

namespace revunet {

struct TrainingSample {
  Sample sample;
  std::string case_name;
  io::Size3 cut{};  // voxels that are not zero and do not fit into the field of view
};

class SampleSource {
 public:
  // The process takes its share of options.processes. Where there is an `upload`, it is filled with every sample that
  // the process takes, and outlives this object.
  SampleSource(const TrainOptions& options, std::vector<io::CaseFiles> cases, const io::CaseCache* cache,
               SampleUpload* upload);
  ~SampleSource();

  // Returns the number of samples per epoch: one for each case.
  int64_t count() const { return static_cast<int64_t>(loader_.count()); }
  // Begins an epoch, or goes on in one, at this sample of the run, which is the first process's.
  void begin_epoch(int64_t number) { share_.begin_at(number); }
  // Returns which samples are this process's.
  const Share& share() const { return share_; }
  // Returns the `number`-th sample of the run, counted from 0, which is this process's. Its samples before `end` are
  // made ahead. Throws as CaseLoader::get does.
  TrainingSample get(int64_t number, int64_t end);
  // Returns the seconds that the device was without work while it waited for the sample that `get` returned last. Call
  // it once the step has taken the sample.
  double take_waited();

 private:
  TrainingSample make(int64_t index);

  const TrainOptions& options_;
  CaseLoader loader_;
  Share share_;                      // changes only while no sample is being made
  SampleUpload* upload_;             // which knows this process's samples alone
  ReadAhead<TrainingSample> ahead_;  // last: its threads use the rest
};

}  // namespace revunet

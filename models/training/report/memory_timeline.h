// RUN/memory.svg shows the memory of a training step and a prediction, from allocation to allocation.
#pragma once

#include "models/training/run_observer.h"
#include "models/training/train_options.h"

namespace revunet {

// Draws the picture at the start, from the plan, whose allocations are those of the run: a step after the first, and a
// prediction if the run validates.
class MemoryTimeline : public RunObserver {
 public:
  MemoryTimeline(const RunFolder& folder, const TrainOptions& options) : folder_(folder), options_(options) {}

  std::string name() const override { return "memory.svg"; }
  void on_start(int64_t step) override;

 private:
  const RunFolder& folder_;
  const TrainOptions& options_;
};

}  // namespace revunet

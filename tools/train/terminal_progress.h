// On a terminal, a bar that redraws itself shows the run between the lines of its log.
#pragma once

#include <cstdint>
#include <string>

#include "models/training/run_progress.h"
#include "tools/common/progress_line.h"

namespace revunet::tools {

// A TrainingProgress says where a run is, and how long it will take.
struct TrainingProgress {
  int64_t epoch, epochs, sample, samples;  // samples of the epoch
  int64_t left;                            // samples of the run
  double loss, seconds;                    // of a sample
};

// Returns at most `columns` characters, as far as that is possible. The bar shrinks first, then fields go one by one,
// and the time left stays.
std::string training_text(const TrainingProgress& p, size_t columns);

class TerminalProgress : public RunProgress {
 public:
  void begin_run(int64_t samples, int64_t done) override;
  void begin_epoch(int64_t epoch, int64_t epochs, int64_t samples) override;
  void sample(int64_t sample_of_epoch, double loss, double seconds) override;
  void note(const std::string& what) override;
  void clear() override { line_.clear(); }

 private:
  TerminalLine line_;
  int64_t total_samples_ = 0, done_ = 0;
  int64_t epoch_ = 0, epochs_ = 0, samples_ = 0;
  double smoothed_seconds_ = 0;
};

}  // namespace revunet::tools

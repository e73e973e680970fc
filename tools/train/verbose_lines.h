// What revunet-train -v prints, and writes into train.log, beyond the line of an epoch.
#pragma once

#include "tools/train/options.h"
#include "tools/train/run_observer.h"

namespace revunet::tools {

// The options as they are used, and the cases. Does nothing without -v.
void log_start(const TrainOptions& options, const Split& split);

// A line per step, and per case of a validation.
class VerboseLines : public RunObserver {
 public:
  explicit VerboseLines(const Split& split) : split_(split) {}

  std::string name() const override { return "the lines of -v"; }
  void on_step(int64_t step, const RegionValues& losses) override;
  void on_validation_case(const ValidatedCase& c) override;

 private:
  const Split& split_;
};

}  // namespace revunet::tools

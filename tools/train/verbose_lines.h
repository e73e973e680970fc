// What revunet-train -v prints, and writes into train.log, beyond the line of an epoch.
#pragma once

#include "models/training/run_observer.h"
#include "models/training/train_options.h"

namespace revunet::tools {

// The options as they are used, of which `configuration` has one a line, and the cases.
void log_start(const std::string& configuration, const Split& split);

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

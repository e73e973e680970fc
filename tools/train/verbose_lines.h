// This file has what revunet-train -v prints, and writes into train.log, in addition to the line of an epoch.
#pragma once

#include "models/training/run_observer.h"
#include "models/training/train_options.h"

namespace revunet::tools {

// Logs the options in use, which are one line each in `configuration`, and the cases.
void log_start(const std::string& configuration, const Split& split);

// Logs a line per step, and per case of a validation.
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

// Watches how well reversible sequences rebuild their inputs, a sequence at a time.
//
// Limits on the relative error of a sequence's input: above `warn` its gradients are worth less than they are by the
// precision's own rounding, above `fail` they are wrong. GroupNorm amplifies rounding where a group has little
// variance. docs/memory.md has the measurements behind them.
#pragma once

#include <cstdint>
#include <string>

#include "engine/tape.h"
#include "models/precision.h"

namespace revunet {

class SequenceWatch : public ReconstructionMonitor {
 public:
  struct Limits {
    double warn, fail;
  };
  static constexpr Limits limits(Precision precision) {
    switch (precision) {
      case Precision::bf16:
        return {0.1, 1};
      case Precision::mixed:
        return {0.01, 0.1};
      case Precision::fp32:
        break;
    }
    return {1e-3, 1e-2};
  }

  // Every `interval` steps one sequence is checked, each in turn. 0: never.
  SequenceWatch(int64_t interval, Precision precision) : interval_(interval), limits_(limits(precision)) {}

  // For the tape of a sample of a step, counted from 0: this, or nullptr where the step is not checked.
  ReconstructionMonitor* for_step(int64_t step);

  // Index of the sequence that the next checked step looks at, for a run that is resumed.
  int64_t next_turn() const { return sequences_ > 0 ? (turn_ + 1) % sequences_ : turn_; }
  void restore(int64_t turn) { turn_ = turn; }

  bool wants(const std::string& sequence) override;
  // Writes the error to the log. Throws Error above the limit, naming step, sequence and remedy.
  void report(const std::string& sequence, double relative_error) override;

 private:
  int64_t interval_;
  Limits limits_;
  int64_t step_ = -1;
  int64_t turn_ = 0;       // index of the sequence to check in this step
  int64_t sequences_ = 0;  // of the network, as far as this step's forward has come
};

}  // namespace revunet

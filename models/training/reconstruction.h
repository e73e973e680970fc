// A SequenceWatch checks how well reversible sequences rebuild their inputs, one sequence at a time.
//
// The limits are on the relative error of a sequence's input. Above `warn`, its gradients are less exact than the
// precision's own rounding makes them. Above `fail`, they are wrong. GroupNorm amplifies rounding where a group has
// little variance. docs/memory.md has the measurements behind the limits.
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

  // Every `interval` steps one sequence is checked, each in turn. With 0 none is ever checked.
  SequenceWatch(int64_t interval, Precision precision) : interval_(interval), limits_(limits(precision)) {}

  // Returns the monitor for the tape of a sample of a step, counted from 0, or nullptr where the step is not checked.
  ReconstructionMonitor* for_step(int64_t step);

  // Returns the index of the sequence that the next checked step looks at, for a run that is resumed.
  int64_t next_turn() const { return sequences_ > 0 ? (turn_ + 1) % sequences_ : turn_; }
  void restore(int64_t turn) { turn_ = turn; }

  bool wants(const std::string& sequence) override;
  // Writes the error to the log. Throws Error above the limit, with step, sequence and remedy.
  void report(const std::string& sequence, double relative_error) override;

 private:
  int64_t interval_;
  Limits limits_;
  int64_t step_ = -1;
  int64_t turn_ = 0;       // index of the sequence to check in this step
  int64_t sequences_ = 0;  // number of sequences that this step's forward has reached
};

}  // namespace revunet

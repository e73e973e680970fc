// Watches how well reversible sequences rebuild their inputs, a sequence at a time.
//
// Limits, relative error of a sequence's input: above kWarnAbove its gradients are worth less than f32's own noise,
// above kFailAbove they are wrong. GroupNorm amplifies rounding where a group has little variance.
#pragma once

#include <cstdint>
#include <string>

#include "engine/tape.h"

namespace revunet::tools {

class SequenceWatch : public ReconstructionMonitor {
 public:
  static constexpr double kWarnAbove = 1e-3;
  static constexpr double kFailAbove = 1e-2;

  // Every `interval` steps one sequence is checked, each in turn. 0: never.
  explicit SequenceWatch(int64_t interval) : interval_(interval) {}

  // For the tape of a step, counted from 0: this, or nullptr where the step is not checked.
  ReconstructionMonitor* for_step(int64_t step);

  bool wants(const std::string& sequence) override;
  // Writes the error to the log. Throws Error above kFailAbove, naming step, sequence and remedy.
  void report(const std::string& sequence, double relative_error) override;

 private:
  int64_t interval_;
  int64_t step_ = 0;
  int64_t turn_ = 0;       // index of the sequence to check in this step
  int64_t sequences_ = 0;  // of the network, as far as this step's forward has come
};

}  // namespace revunet::tools

// A CaseLoop predicts the cases of a selection one after the other, and reports each.
#pragma once

#include <string>

#include "models/device/compute_device.h"
#include "models/inference/case_selection.h"

namespace revunet::tools {

// Prints a line about the work, which -q leaves out.
void say(const std::string& line);

class CaseLoop {
 public:
  // With skip_bad, cases with bad images or predictions become bad cases.
  CaseLoop(const Ensemble& ensemble, ComputeDevice& device, PredictionOptions how, bool skip_bad)
      : ensemble_(ensemble), device_(device), how_(std::move(how)), skip_bad_(skip_bad) {}

  // Returns how many were predicted. Throws Interrupted where a signal came.
  int64_t run(Selection& selection);

 private:
  struct UnfitCase {
    std::string reason;
  };

  PredictedCase predict(const io::CaseFiles& c, const PredictionFiles& files);
  template <class Failure, class F>
  auto unfit_if(F f) -> decltype(f());
  void expect_no_interruption(size_t count) const;

  const Ensemble& ensemble_;
  ComputeDevice& device_;
  PredictionOptions how_;
  bool skip_bad_;
  int64_t done_ = 0;  // cases
};

}  // namespace revunet::tools

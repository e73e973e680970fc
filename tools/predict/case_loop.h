// A CaseLoop predicts the cases of a selection one after the other, and reports each. Several processes take as many at
// once, and the first of them reports.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/distributed/communicator.h"
#include "models/device/compute_device.h"
#include "models/inference/case_selection.h"
#include "tools/common/progress_line.h"

namespace revunet::tools {

// Prints a line about the work, which -q leaves out.
void say(const std::string& line);

class CaseLoop {
 public:
  // With skip_bad, cases with bad images or predictions become bad cases.
  CaseLoop(Communicator& processes, const Ensemble& ensemble, ComputeDevice& device, PredictionOptions how,
           bool skip_bad)
      : processes_(processes), ensemble_(ensemble), device_(device), how_(std::move(how)), skip_bad_(skip_bad) {}

  // Returns how many were predicted, by all processes. Throws Interrupted where a signal came to any.
  int64_t run(Selection& selection);

 private:
  struct UnfitCase {
    std::string reason;
  };
  // A Report is what a process says of a case.
  struct Report {
    std::string line, warning, files;
    std::optional<std::string> unfit;  // why it cannot be predicted
  };

  Report report_on(const Selection& selection, size_t i, ProgressLine& progress);
  void take(const Report& report, const std::string& count, Selection& selection, const std::string& name);
  std::vector<std::optional<Report>> exchange(size_t count, const std::optional<Report>& own);
  PredictedCase predict(const io::CaseFiles& c, const PredictionFiles& files);
  template <class Failure, class F>
  auto unfit_if(F f) -> decltype(f());
  [[noreturn]] void leave(size_t count) const;
  void leave_if_interrupted(size_t count);

  Communicator& processes_;
  const Ensemble& ensemble_;
  ComputeDevice& device_;
  PredictionOptions how_;
  bool skip_bad_;
  int64_t done_ = 0;  // cases
};

}  // namespace revunet::tools

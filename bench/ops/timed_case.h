// A TimedCase is one op case, ready to be timed as often as needed.
//
// Rule: every repetition gets fresh inputs, because ops may overwrite theirs, and cold caches before forward and before
// backward, as in a training step, where a node's backward runs long after its forward.
#pragma once

#include <optional>

#include "bench/common/roofs.h"
#include "bench/common/statistics.h"
#include "kernels/op_case.h"

namespace revunet::bench {

class TimedCase {
 public:
  // Makes inputs as the case has them where `dtype` is the type under test, f32 parameters, and output gradients of
  // normal random values. The references outlive the object.
  TimedCase(const OpCase& op_case, DType dtype, Device& device, CacheFlusher& flusher);

  struct Costs {
    Cost forward;                  // while recording on a tape
    std::optional<Cost> backward;  // with every gradient; parameters' gradients accumulate
  };
  Costs run();

 private:
  const OpCase& case_;
  Context ctx_;
  CacheFlusher& flusher_;
  std::vector<Tensor> inputs_;
  std::vector<Parameter> parameters_;
  std::vector<Tensor> output_gradients_;  // made by the first run, which learns the outputs' shapes
};

}  // namespace revunet::bench

#include "models/training/reconstruction.h"

#include <spdlog/spdlog.h>

namespace revunet {

ReconstructionMonitor* SequenceWatch::for_step(int64_t step) {
  if (interval_ == 0 || step % interval_ != 0) return nullptr;
  if (step != step_) turn_ = next_turn();
  step_ = step;
  sequences_ = 0;
  return this;
}

bool SequenceWatch::wants(const std::string&) {
  return sequences_++ == turn_;
}

void SequenceWatch::report(const std::string& sequence, double relative_error) {
  const std::string what =
      fmt::format("step {}: {} rebuilt its input with a relative error of {:.2e}", step_ + 1, sequence, relative_error);
  REVUNET_EXPECTS(relative_error <= limits_.fail, Error,
                  "[train] {}; expected at most {:.0e}: its gradients are wrong. Use `activations` stored, fewer "
                  "blocks per level, or `precision` fp32",
                  what, limits_.fail);
  if (relative_error > limits_.warn) {
    spdlog::warn("warning: {}, above {:.0e}; `activations` stored has none", what, limits_.warn);
  } else {
    spdlog::info(what);
  }
}

}  // namespace revunet

// This is Adam with L2 weight decay added to the gradient. Rule: the state belongs to the position in the list of
// parameters, so every step takes the same parameters in the same order.
//
//   g += weight_decay p;   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2
//   p -= learning_rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
//
// t counts the steps in which this parameter had a gradient. A parameter without a gradient is skipped, state and all.
// p.gradient is not changed. Moments have the parameter's shape and type and the tag optimiser, and are zero before its
// first step. Source: Kingma and Ba (2015), in the form and with the defaults of torch.optim.Adam.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/on_device.h"
#include "engine/parameter.h"

namespace revunet {

struct AdamOptions {
  double learning_rate = 1e-4;
  double beta1 = 0.9;    // decay per step of the mean of gradients
  double beta2 = 0.999;  // decay per step of the mean of their squares
  double epsilon = 1e-8;
  double weight_decay = 1e-5;
};

// An AdamState is what Adam knows about one parameter.
struct AdamState {
  Tensor mean;         // m, undefined before the first step
  Tensor mean_square;  // v, undefined before the first step
  int64_t steps = 0;   // t
};

// An AdamUpdate is one step of one parameter, whose step number is t >= 1.
struct AdamUpdate {
  int64_t t;
  const Tensor* gradient;
  Tensor *parameter, *mean, *mean_square;
};

class Adam {
 public:
  // Throws UsageError for options out of range.
  explicit Adam(const AdamOptions& options = {});

  // Throws Error if a gradient does not fit its parameter, or if the parameters are not those of the last step.
  void step(const Context& ctx, std::span<Parameter* const> parameters);

  // Does the same for parameters[index] alone. A step consists of one such call for each parameter, in any order.
  void step_one(const Context& ctx, std::span<Parameter* const> parameters, size_t index);

  const AdamOptions& options() const { return options_; }
  // Throws UsageError unless the rate is finite and not negative.
  void set_learning_rate(double learning_rate);

  // States stand in the order of step(), one per parameter, for checkpoints. There are none before the first step.
  // set_states takes the tensors as they are (clone shared ones). The next step checks them against its parameters.
  const std::vector<AdamState>& states() const { return states_; }
  void set_states(std::vector<AdamState> states) { states_ = std::move(states); }

 private:
  // Returns the update of parameters[index], or nothing where it has no gradient.
  std::optional<AdamUpdate> prepare(const Context& ctx, std::span<Parameter* const> parameters, size_t index);

  AdamOptions options_;
  std::vector<AdamState> states_;
};

// Performs all updates, in as few launches as possible.
void adam_update(const Context& ctx, const AdamOptions& options, std::span<const AdamUpdate> updates);

REVUNET_KERNEL(adam_update)

}  // namespace revunet

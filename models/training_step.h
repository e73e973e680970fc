// One step of training on one sample or several. The trainer and the planner both run these functions, so what one of
// them allocates the other allocates too. After an exception gradients and optimiser are in no defined state.
#pragma once

#include <optional>

#include "kernels/adam/adam.h"
#include "models/weight_average.h"

namespace revunet {

enum class OptimiserStep {
  separate,  // once all gradients are there
  fused,     // of each parameter as soon as its gradient is complete, which is then dropped. The same bits.
};

// What a step does besides what the paper's does. Each takes a little memory, so plans have them too.
struct StepExtras {
  int64_t accumulate = 1;    // samples, batch 1 each, whose mean gradient a step takes
  double cross_entropy = 0;  // its weight, added to the Dice loss
  double dropout = 0;        // of channels, inside reversible sequences
  double clip = 0;           // greatest norm of all gradients; 0: no limit
  double average = 0;        // decay of the moving average of the weights; 0: none
  bool operator==(const StepExtras&) const = default;
};

// Throws UsageError for values out of range, and for dropout without reversible sequences; a fused step has one sample
// and no clipping, which take all gradients.
void check_extras(const UNetConfig& config, OptimiserStep optimiser_step, const StepExtras& extras);

// The loss of each region (R), Dice's and `cross_entropy` times the binary cross entropy, recorded on ctx.tape. image
// (N, D, H, W, in_channels), target (N, D, H, W, R). Both die with their last use where the caller moves them.
Variable region_losses(const Context& ctx, const UNet& model, Tensor image, Tensor target, double cross_entropy = 0);

// Backward of the sum of the losses, times `share`: gradients add to those that are there, for steps on the mean of
// several samples.
void add_gradients(const Context& ctx, Tape& tape, Variable losses, double share);

// A step of Adam with the gradients that are there, clipped to a common norm of `clip` where that is above 0. They are
// clear afterwards.
void update_weights(const Context& ctx, UNet& model, Adam& adam, double clip = 0);

// Both at once, for a step on one sample.
void learn(const Context& ctx, Tape& tape, Variable losses, UNet& model, Adam& adam, OptimiserStep optimiser_step);

// Steps with their extras.
class TrainingStep {
 public:
  // model and adam outlive this. An average begins as the model's weights are now.
  TrainingStep(const Context& ctx, UNet& model, Adam& adam, OptimiserStep optimiser_step, const StepExtras& extras,
               uint64_t dropout_seed = 0);

  // region_losses of a sample, which is the run's `sample`-th: dropout goes by it, until learn.
  Variable losses(const Context& ctx, Tensor image, Tensor target, int64_t sample);
  // Backward of sample `index`, from 0, of the `count` of a step; with the last of them the weights change.
  void learn(const Context& ctx, Tape& tape, Variable losses, int64_t index, int64_t count);

  // nullptr where there is none.
  WeightAverage* average() { return average_ ? &*average_ : nullptr; }

 private:
  UNet& model_;
  Adam& adam_;
  OptimiserStep optimiser_step_;
  StepExtras extras_;
  std::optional<WeightAverage> average_;
};

}  // namespace revunet

// This is one step of training on one sample or several, from the host's sample to new weights.
//
// Rule: there is one function for all that train. The trainer, the planner, the benchmarks and the tests run it, so
// what one of them allocates the others allocate too. After an exception, gradients and optimiser are in no defined
// state, unless the exception says otherwise.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernels/adam/adam.h"
#include "kernels/label_table.h"
#include "models/gradient_sum.h"
#include "models/sample_upload.h"
#include "models/weight_average.h"

namespace revunet {

enum class OptimiserStep {
  separate,  // once all gradients are complete
  fused,     // each parameter as soon as its gradient is complete, which is then dropped; the bits are the same
};

constexpr const char* name_of(OptimiserStep step) {
  return step == OptimiserStep::fused ? "fused" : "separate";
}

inline constexpr int64_t kMostAccumulated = 10'000;  // samples per step; far beyond use

// StepExtras are what a step does in addition to the paper's. Each takes a little memory, so plans have them too.
struct StepExtras {
  int64_t accumulate = 1;     // samples, batch 1 each, whose mean gradient a step takes
  double cross_entropy = 0;   // weight of the cross entropy in the loss; 0: Dice alone
  double dropout = 0;         // rate for channels inside reversible sequences
  double clip_gradients = 0;  // greatest norm of all gradients; 0: no limit
  double ema = 0;             // decay of the exponential moving average of the weights; 0: none
  // Output channels are classes of which each voxel has one (softmax_dice), not regions that overlap (sigmoid_dice).
  bool exclusive_classes = false;
  bool operator==(const StepExtras&) const = default;
};

// Throws UsageError for values out of range, for dropout without reversible sequences, and for exclusive classes with
// one output channel. A fused step has one sample and no clipping, because both need all gradients.
void check_extras(const UNetConfig& config, OptimiserStep optimiser_step, const StepExtras& extras);

struct StepOptions {
  LabelTable labels;               // has a region or class for each output channel of the network
  DType activations = DType::f32;  // the type of image and logits
  OptimiserStep optimiser_step = OptimiserStep::separate;
  StepExtras extras = {};
  uint64_t dropout_seed = 0;
};

// A SamplePlace says which sample of a run this is, and which of its step. Both count from 0. Of several processes,
// each takes one of as many consecutive samples of a step, until the step has no more.
struct SamplePlace {
  int64_t sample = 0;  // index in the run, which selects the dropout
  int64_t index = 0, count = 1;
  std::optional<int64_t> own = {};  // index among the samples of this process; none: `sample`
  int64_t own_index() const { return own.value_or(sample); }
};

// A StepWatch is told how far a sample is. By default it does nothing.
struct StepWatch {
  ReconstructionMonitor* reconstruction = nullptr;
  std::function<void()> on_input = {};  // The sample is on the device. Nothing is computed of it yet.
  // Its losses are known, and may not be finite. Nothing of backward has run yet.
  std::function<void(std::span<const double>)> on_losses = {};
};

// A loss is not finite. Neither gradients nor weights have changed because of it.
struct NonFiniteLoss : NonFiniteError {
  NonFiniteLoss(std::span<const double> losses, std::string first);
  std::string first;  // names the first tensor that is not finite; empty where a second forward found none
};

class TrainingStep {
 public:
  // model and adam outlive this object. An average begins as the model's present weights. Throws UsageError as
  // check_extras does, and Error where the labels' table does not have the network's output channels.
  TrainingStep(const Context& ctx, UNet& model, Adam& adam, const StepOptions& options);

  // Takes one sample of a step to the device, and runs forward, losses and backward. With the last sample of the step,
  // Adam changes the weights with the mean of the samples' gradients, and the gradients are clear again. Returns the
  // loss of each region or class (R), or nothing on the meta device. Of exclusive classes, entry 0 is the cross
  // entropy.
  std::vector<double> take(const Context& ctx, const HostSample& sample, const SamplePlace& place = {},
                           const StepWatch& watch = {});

  // Takes part in a step where the others have samples and this process has none. `place` is that of the last of them.
  void take_part(const Context& ctx, const SamplePlace& place);

  // Brings samples to the device ahead of their step. Returns nullptr where the device's layout does not say so: `take`
  // brings them.
  SampleUpload* upload() { return upload_ ? &*upload_ : nullptr; }

  // Returns nullptr where there is none.
  WeightAverage* average() { return average_ ? &*average_ : nullptr; }

 private:
  Variable forward(const Context& ctx, DeviceSample sample) const;
  void backward(const Context& ctx, Tape& tape, Variable losses, double share, const Tape::OnGradient& on_gradient);
  void learn(const Context& ctx, Tape& tape, Variable losses, const SamplePlace& place);
  void update_one(const Context& ctx, Parameter& p);
  bool is_last_round(const Context& ctx, const SamplePlace& place) const;
  void begin_sums(const Context& ctx, const SamplePlace& place);
  void finish_step(const Context& ctx);
  void update_weights(const Context& ctx);
  std::string first_non_finite(const Context& ctx, const HostSample& sample) const;

  UNet& model_;
  std::vector<Parameter*> parameters_;  // the network's
  std::unordered_map<const Parameter*, size_t> index_of_;
  Adam& adam_;
  StepOptions options_;
  std::optional<WeightAverage> average_;
  std::optional<SampleUpload> upload_;
  std::optional<GradientSum> sum_;  // none: this process is the only one
};

}  // namespace revunet

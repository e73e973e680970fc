// This is the exponential moving average of a network's weights, which often scores better than the weights themselves.
//
//   average += (1 - d) (weights - average),  d = min(decay, (1 + t) / (10 + t)) in step t = 1, 2, ...
//
// It begins as the weights that the network has then. Its tensors have tag optimiser.
// Source: Polyak and Juditsky (1992); the ramp is that of TensorFlow's ExponentialMovingAverage.
#pragma once

#include <vector>

#include "models/unet.h"

namespace revunet {

class WeightAverage {
 public:
  // Throws UsageError unless decay is in (0, 1). `model` outlives this object.
  WeightAverage(const Context& ctx, UNet& model, double decay);

  // Called after step t of the optimiser, counted from 1.
  void update(const Context& ctx, int64_t t);
  // Exchanges the average and the network's weights. Calling it twice restores both.
  void swap();

  // Returns one tensor per parameter, in the network's order: the average, unless swapped.
  std::vector<Tensor>& tensors() { return tensors_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  UNet& model_;
  double decay_;
  std::vector<Tensor> tensors_;
};

// While it lives, the network has the average's weights. It does nothing where there is no average.
class AveragedWeights {
 public:
  explicit AveragedWeights(WeightAverage* average) : average_(average) {
    if (average_) average_->swap();
  }
  ~AveragedWeights() {
    if (average_) average_->swap();
  }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  WeightAverage* average_;
};

}  // namespace revunet

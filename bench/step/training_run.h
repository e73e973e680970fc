// One variant of a network in training on one image of random values, a step at a time.
//
// Rule: a run owns its device, so that the memory it reports is its own, and sets the threads anew before each step, so
// that variants can take turns.
#pragma once

#include "kernels/adam/adam.h"
#include "models/unet.h"

namespace revunet::bench {

struct Variant {
  std::string name;  // a key of bench_step's table
  UNetConfig model;
  MemoryMode mode;
  std::vector<int64_t> size;  // x, y, z in voxels
  int threads;
};

struct StepSeconds {
  double forward, backward, optimiser;  // forward includes the loss
  double cpu;                           // processor time of all threads
  double total() const { return forward + backward + optimiser; }
};

class TrainingRun {
 public:
  // Throws UsageError for a network or size that cannot be. f32, batch of 1.
  explicit TrainingRun(Variant variant);

  // Forward, sigmoid_dice, backward and Adam. Throws NonFiniteError for a loss that is not a number.
  StepSeconds step();

  const Variant& variant() const { return variant_; }
  const UNet& model() const { return *model_; }
  const std::vector<double>& losses() const { return losses_; }  // of every step so far
  const MemoryStats& memory() { return device_.allocator().stats(); }
  void reset_memory_peak() { device_.allocator().reset_peak(); }

 private:
  Device device_;
  Variant variant_;
  std::unique_ptr<UNet> model_;
  Tensor image_, target_;
  Adam adam_;
  std::vector<double> losses_;
};

}  // namespace revunet::bench

// A TrainingRun trains one variant of a network on one image of random values, a step at a time, by the function that
// the trainer runs, so that its memory is a trainer's.
//
// Rule: a run owns its device, so that the memory it reports is its own. It sets the threads anew before each step, so
// that variants can take turns.
#pragma once

#include <future>

#include "bench/common/variant.h"

namespace revunet::bench {

struct StepSeconds {
  double input;     // until the sample is on the device, which has no work meanwhile
  double forward;   // including the loss
  double backward;  // including Adam, to the end of the device's work
  double cpu;       // processor time of all threads in forward and backward, with that of the next sample's loader
  double total() const { return forward + backward; }
  double with_input() const { return input + total(); }
};

class TrainingRun {
 public:
  // Throws UsageError for an impossible network or size. The batch is 1.
  explicit TrainingRun(Variant variant);
  ~TrainingRun();
  TrainingRun(const TrainingRun&) = delete;  // its tensors point to the device inside it
  TrainingRun& operator=(const TrainingRun&) = delete;

  // Runs a step of training. Where the device takes samples ahead, a thread brings the next one meanwhile, as a
  // trainer's do. Throws NonFiniteLoss for a loss that is no
  // number, because figures would mean nothing then.
  StepSeconds step();

  const Variant& variant() const { return variant_; }
  const UNet& model() const { return *model_; }
  const std::vector<double>& losses() const { return losses_; }  // one for each step so far
  const MemoryStats& memory() { return device().allocator().stats(); }
  void reset_memory_peak() { device().allocator().reset_peak(); }
  Device& device() { return compute_.get(); }
  const std::string& device_description() const { return compute_.description(); }

 private:
  Variant variant_;
  ComputeDevice compute_;
  std::unique_ptr<UNet> model_;
  std::vector<float> image_;
  std::vector<uint8_t> labels_;
  Adam adam_;
  std::optional<TrainingStep> step_;
  std::vector<double> losses_;
  std::future<void> next_;  // the sample after this one is on its way
};

}  // namespace revunet::bench

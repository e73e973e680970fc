// A PredictionRun predicts an image of random values with one variant of a network, a pass at a time, by the functions
// that revunet-predict runs for a volume in one pass. There are no files and there is no tape.
//
// Rule: as for a TrainingRun, the device is the run's own, and the threads are set anew before each pass.
#pragma once

#include "bench/common/variant.h"

namespace revunet::bench {

struct PassSeconds {
  double input;    // until the image is on the device
  double forward;  // from the image to probabilities, to the end of the device's work
  double output;   // until the host has the probabilities
  double cpu;      // processor time of all threads in forward
  double total() const { return forward; }
};

class PredictionRun {
 public:
  // The variant's mode has no effect, as there is no backward pass. Throws UsageError for an impossible network or
  // size.
  explicit PredictionRun(Variant variant);
  PredictionRun(const PredictionRun&) = delete;  // its tensors point to the device inside it
  PredictionRun& operator=(const PredictionRun&) = delete;

  // Throws NonFiniteError for a probability that is no number, because figures would mean nothing then.
  PassSeconds pass();

  const Variant& variant() const { return variant_; }
  const UNet& model() const { return *model_; }
  // Returns the mean probability of the last pass, by which precisions and networks can be told to agree.
  double mean_probability() const { return mean_probability_; }
  void reset_memory_peak() { device().allocator().reset_peak(); }
  Device& device() { return compute_.get(); }
  const std::string& device_description() const { return compute_.description(); }

 private:
  Variant variant_;
  ComputeDevice compute_;
  std::unique_ptr<UNet> model_;
  std::vector<float> image_;
  double mean_probability_ = 0;
};

}  // namespace revunet::bench

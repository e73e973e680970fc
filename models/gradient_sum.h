// A GradientSum adds up the gradients of a step over the processes of a run, while backward still computes.
//
// Rule: gradients are summed in buckets, in the reverse of the network's order, which is that of backward. A bucket
// begins once its gradients and those of all buckets before it are complete. So all processes begin the same sums in
// the same order, also one that computes nothing in a step.
#pragma once

#include <array>
#include <functional>
#include <future>
#include <span>
#include <vector>

#include "engine/context.h"
#include "engine/distributed/communicator.h"
#include "engine/parameter.h"

namespace revunet {

inline constexpr int64_t kBucketValues = int64_t{1} << 20;  // of gradients that are summed together; one may have more

class GradientSum {
 public:
  // Takes memory to pack buckets in (tag communication). processes and parameters outlive this object. On a CUDA
  // device, processes are those of ComputeDevice.
  GradientSum(const Context& ctx, Communicator& processes, std::vector<Parameter*> parameters);

  using OnSummed = std::function<void(Parameter&)>;
  // Begins a step to which `contributors` processes contribute, those of the first ranks. Calls on_summed with each
  // parameter whose gradient has become that of the step.
  void begin(
      int contributors, OnSummed on_summed = [](Parameter&) {});
  // Says that this process's gradient of a parameter is complete.
  void complete(const Parameter& parameter);
  // Begins the sums of all gradients that are not complete, with zeros where there is none, and waits until all
  // gradients are those of the step.
  void finish();

 private:
  struct Bucket {
    std::vector<Parameter*> parameters;
    int64_t values = 0;
    int64_t missing = 0;  // gradients of this step that are not complete
  };
  // A Slot holds a bucket while it is summed. Two take turns, so that one is packed while the other is on its way.
  struct Slot {
    Tensor staging;
    std::future<void> sum;
    Bucket* bucket = nullptr;
  };
  void begin_ready();
  void wait_for(Slot& slot);

  Context ctx_;  // without a tape
  Communicator& processes_;
  std::vector<Bucket> buckets_;
  std::array<Slot, 2> slots_;
  size_t begun_ = 0;      // the number of buckets whose sums have begun
  int contributors_ = 0;  // processes
  OnSummed on_summed_;
};

}  // namespace revunet

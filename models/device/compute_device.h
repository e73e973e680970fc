// The device that a program computes on: a CPU or a CUDA device, with its memory limit and its chosen convolution
// plans.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/device.h"

namespace revunet {

// How many CUDA devices there are. 0 in a build without CUDA.
int cuda_device_count();

// UsageError where there is no CUDA device of that index.
void expect_cuda_device(int index);

// Which device, and how it computes.
struct DeviceOptions {
  DeviceKind kind = DeviceKind::cpu;   // or cuda
  int index = 0;                       // of CUDA devices
  std::optional<size_t> memory_limit;  // bytes that the allocator may reserve
  MemoryLayout layout;
  Arithmetic arithmetic;
  std::filesystem::path plan_cache;  // empty: none

  std::string name() const;  // "cpu" or "cuda:0": what --device takes
};

// A device as the options ask for, with the plan cache read.
class ComputeDevice {
 public:
  // DataError for a plan cache that cannot be read.
  explicit ComputeDevice(const DeviceOptions& options);

  Device& get() { return device_; }
  // "2 CPU threads" or "NVIDIA H200, sm_90, 143771 MiB".
  const std::string& description() const { return description_; }
  // Writes the plan cache where there are choices that it lacks.
  void save_plan_cache();

 private:
  Device device_;
  std::string description_;
  std::filesystem::path plan_cache_;
  std::string plan_cache_key_;
  size_t saved_choices_ = 0;
};

}  // namespace revunet

// The device that a program computes on: a CPU or a CUDA device, with its memory limit and its chosen convolution
// algorithms.
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
  std::filesystem::path algorithm_file;  // empty: none

  std::string name() const;  // "cpu" or "cuda:0": what --device takes
};

// "cpu", "cuda", "cuda:1" or "auto", which is the first CUDA device where this build and this machine have one: a CUDA
// device has the layout of its kind. UsageError for another text.
DeviceOptions device_of(const std::string& name);

// A device as the options ask for, with the file of algorithms read.
class ComputeDevice {
 public:
  // DataError for a file of algorithms that cannot be read.
  explicit ComputeDevice(const DeviceOptions& options);

  Device& get() { return device_; }
  // "2 CPU threads" or "NVIDIA H200, sm_90, 143771 MiB".
  const std::string& description() const { return description_; }
  // Writes the file of algorithms where there are choices that it lacks.
  void save_algorithms();

 private:
  Device device_;
  std::string description_;
  std::filesystem::path algorithm_file_;
  std::string algorithm_key_;
  size_t saved_choices_ = 0;
};

}  // namespace revunet

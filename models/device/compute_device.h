// A ComputeDevice is what a program computes on: a CPU or a CUDA device, with its memory limit and its chosen
// convolution algorithms.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/device.h"
#include "engine/distributed/communicator.h"

namespace revunet {

// Returns the number of CUDA devices, which is 0 in a build without CUDA.
int cuda_device_count();

// Throws UsageError where there is no CUDA device of that index.
void expect_cuda_device(int index);

// Returns where a CUDA device is on its machine, such as "0000:3b:00.0".
std::string cuda_bus_id(int index);

// Throws UsageError where several processes cannot add up gradients on CUDA devices, which takes NCCL.
void expect_sums_on_cuda();

// DeviceOptions say which device computes, and how.
struct DeviceOptions {
  DeviceKind kind = DeviceKind::cpu;   // or cuda
  int index = 0;                       // index among the CUDA devices
  std::optional<size_t> memory_limit;  // bytes; nothing: all, or what a GPU has free less 400 MiB
  MemoryLayout layout;
  Arithmetic arithmetic;
  std::filesystem::path algorithm_file;         // empty: no file
  std::function<void(const std::string&)> log;  // receives a line for each kernel that is tried or chosen

  std::string name() const;  // "cpu" or "cuda:0", as --device takes it
};

// Takes "cpu", "cuda", "cuda:1" or "auto", which is the first CUDA device where this build and this machine have one. A
// CUDA device has the memory layout of its kind. Throws UsageError for another text.
DeviceOptions device_of(const std::string& name);

// The object makes the device that the options ask for, and reads the file of algorithms.
class ComputeDevice {
 public:
  // `processes`, which outlive this object, add up gradients. Throws DataError for a file of algorithms that cannot be
  // read.
  explicit ComputeDevice(const DeviceOptions& options, Communicator* processes = nullptr);

  Device& get() { return device_; }
  // Returns the processes with sums of values on this device, for a Context; nullptr where this process is the only
  // one.
  Communicator* processes() { return on_cuda_ ? on_cuda_.get() : processes_; }
  // Returns a text such as "2 CPU threads" or "NVIDIA H200, sm_90, 143771 MiB".
  const std::string& description() const { return description_; }
  // Writes the file of algorithms where it lacks some of the choices. Of several processes the first one does.
  void save_algorithms();

 private:
  Device device_;
  Communicator* processes_;
  std::unique_ptr<Communicator> on_cuda_;  // these processes, with sums on a CUDA device
  std::string description_;
  std::filesystem::path algorithm_file_;
  std::string algorithm_key_;
  size_t saved_choices_ = 0;
};

}  // namespace revunet

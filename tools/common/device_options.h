// Where a tool computes: --device and the options that belong to it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "engine/device.h"

namespace revunet::tools {

// As typed.
struct DeviceArguments {
  std::string device = "auto", plan_cache;
  uint64_t memory_limit = 0;  // bytes; 0 for none
  uint64_t convolution_workspace = kCudaLayout.convolution_workspace;
  bool strict_fp32 = false, deterministic = true;

  bool operator==(const DeviceArguments&) const = default;
};

// Declares the options on `app`, which fills `arguments` when it parses.
void add_device_options(CLI::App& app, DeviceArguments& arguments);

// Declares an option that takes bytes as parse_bytes does: 8GiB, or 6646MB (10^6 bytes).
CLI::Option* add_bytes_option(CLI::App& app, const std::string& name, uint64_t& bytes, const std::string& description);

// Resolved and checked.
struct DeviceOptions {
  DeviceKind kind = DeviceKind::cpu;   // or cuda
  int index = 0;                       // of CUDA devices
  std::optional<size_t> memory_limit;  // bytes that the allocator may reserve
  MemoryLayout layout;
  Arithmetic arithmetic;
  std::filesystem::path plan_cache;  // empty: none

  std::string name() const;  // "cpu" or "cuda:0": what --device takes
};

// auto is the first CUDA device, where this build and this machine have one. UsageError for a CUDA device that is not
// there, unless `only_plans`, and for options that the device has no use for.
DeviceOptions resolve(const DeviceArguments& arguments, bool only_plans = false);

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

}  // namespace revunet::tools

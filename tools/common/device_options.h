// Where a tool computes: --device and the options that belong to it.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "models/device/compute_device.h"

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

// auto is the first CUDA device, where this build and this machine have one. UsageError for a CUDA device that is not
// there, unless `only_plans`, and for options that the device has no use for.
DeviceOptions resolve(const DeviceArguments& arguments, bool only_plans = false);

}  // namespace revunet::tools

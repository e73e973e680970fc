// Options about the machine that several programs have: threads, precision, and the device with what belongs to it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "models/device/compute_device.h"
#include "models/precision.h"
#include "tools/common/option_table.h"

namespace revunet::tools {

// As they are given.
struct DeviceSettings {
  std::string device = "auto";
  std::optional<size_t> memory_limit;                                // bytes
  size_t convolution_workspace = kCudaLayout.convolution_workspace;  // bytes
  bool strict_fp32 = false, deterministic = true;
  std::filesystem::path algorithm_file;
};

// more: what else is to be said of it.
Option threads_option(int& threads, const std::string& more = "results do not depend on it");
Option precision_option(Precision& precision);
std::vector<Option> device_options(DeviceSettings& settings);

// Puts the device's name, cpu or cuda:N, in the place of auto: the first CUDA device, where this build and this machine
// have one. UsageError for another text.
void choose_device(DeviceSettings& settings);

// UsageError for a CUDA device that is not there, unless `only_plans`.
DeviceOptions resolve(const DeviceSettings& settings, bool only_plans = false);

}  // namespace revunet::tools

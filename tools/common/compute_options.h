// Several programs share these options about the machine: threads, precision, and the device with its own options.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/cpu_instructions.h"
#include "models/device/compute_device.h"
#include "models/precision.h"
#include "tools/common/option_table.h"

namespace revunet::tools {

// DeviceSettings holds the options as they are given.
struct DeviceSettings {
  std::string device = "auto";
  std::optional<CpuInstructions> cpu_instructions;                   // nothing: all that the processor has
  std::optional<size_t> memory_limit;                                // bytes
  size_t convolution_workspace = kCudaLayout.convolution_workspace;  // bytes
  bool strict_fp32 = false, deterministic = true;
  std::filesystem::path algorithm_file;
};

// more is further text for the option's help.
Option threads_option(int& threads, const std::string& more = "results do not depend on it");
// does says what the processes do.
Option processes_option(int64_t& processes, const std::string& does);
Option precision_option(Precision& precision);
std::vector<Option> device_options(DeviceSettings& settings);

// Sets the number of CPU threads, 0 being one for each CPU, and the instructions that CPU kernels use. `only_plans`
// starts no thread. Throws UsageError for what this machine does not have.
void prepare_cpu(const DeviceSettings& settings, int threads, bool only_plans = false);

// Replaces auto by the device's name, cpu or cuda:N: the first CUDA device, where this build and this machine have one.
// Throws UsageError for another text.
void choose_device(DeviceSettings& settings);

// Throws UsageError for a CUDA device that is not there, unless `only_plans`.
DeviceOptions resolve(const DeviceSettings& settings, bool only_plans = false);

}  // namespace revunet::tools

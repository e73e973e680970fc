#include "models/training/run_memory.h"

#include <spdlog/spdlog.h>

#include <fstream>
#include <optional>
#include <string>

#include "engine/memory/allocation_table.h"
#include "engine/process/host_memory.h"

namespace revunet {

namespace {

// Returns the most main memory that this process has had, in bytes, or nothing where the kernel does not say.
std::optional<size_t> peak_of_process() {
  std::ifstream status("/proc/self/status");
  for (std::string key; status >> key; status.ignore(1 << 16, '\n')) {
    size_t kib = 0;
    if (key == "VmHWM:" && status >> kib) return kib * 1024;
  }
  return std::nullopt;
}

// Returns the device's memory of this process. In a container, the number of the process may be another's.
std::optional<size_t> memory_of_process(Device& device) {
  const auto bytes = device.memory().memory_of_process();
  return bytes && *bytes >= device.allocator().stats().reserved ? bytes : std::nullopt;
}

void log_comparison(const std::string& what, size_t predicted, size_t measured) {
  spdlog::info("memory of tensors in {}: predicted peak {:.1f} MiB, measured {:.1f} MiB{}", what, mib(predicted),
               mib(measured), predicted == measured ? " (equal, byte for byte)" : "");
}

}  // namespace

void RunMemory::log_prediction(Device& device) const {
  const std::string validation =
      settings_.validation ? fmt::format(", {:.1f} MiB in validation", mib(plan_.validation.peak_allocated)) : "";
  spdlog::info("memory of tensors, predicted peak: {:.1f} MiB in training ({}){}; the device reserves {:.1f} MiB",
               mib(plan_.training.peak_allocated), describe(settings_), validation, mib(plan_.reserved()));
  if (const auto taken = memory_of_process(device)) {
    const size_t outside = *taken - device.allocator().stats().reserved;
    spdlog::info("memory outside of the allocator: {:.1f} MiB so far, of the CUDA context and its libraries",
                 mib(outside));
  }
  const size_t free = host_memory().free;
  if (device.memory().on_host() && plan_.reserved() > free) {
    spdlog::warn(
        "warning: [memory] expected {:.1f} MiB of main memory for tensors, got {:.1f} MiB that this process may "
        "take; the system may end the run without a message; give a smaller `size`, or `memory-budget`",
        mib(plan_.reserved()), mib(free));
  }
}

void RunMemory::log_measured(Device& device) const {
  log_comparison(fmt::format("training ({})", describe(settings_)), plan_.training.peak_allocated, training_);
  if (validation_ > 0) log_comparison("validation", plan_.validation.peak_allocated, validation_);
  const bool on_host = device.memory().on_host();
  if (const auto process = peak_of_process()) {
    spdlog::info("memory of the process: {:.1f} MiB of main memory at its peak (VmHWM): {}", mib(*process),
                 on_host ? "tensors, cases, program and libraries" : "cases, program and libraries");
  }
  const size_t reserved = device.allocator().stats().reserved;
  if (const auto taken = memory_of_process(device)) {
    spdlog::info(
        "memory of the device: {:.1f} MiB are this process's, as nvidia-smi counts, of which {:.1f} MiB are reserved "
        "for tensors",
        mib(*taken), mib(reserved));
  } else if (const auto capacity = device.memory().capacity(); capacity && !on_host) {
    spdlog::info(
        "memory of the device: {:.1f} of {:.1f} MiB are taken, of which {:.1f} MiB are reserved for tensors; "
        "the rest is CUDA's, its libraries' and other programs'",
        mib(capacity->total - capacity->free), mib(capacity->total), mib(reserved));
  }
}

}  // namespace revunet

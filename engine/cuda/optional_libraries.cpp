#include "engine/cuda/optional_libraries.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <span>

namespace revunet::cuda {

namespace {

// These are the calls of NVML that the project makes, as NVIDIA documents them. Its header is not part of every
// toolkit.
struct NvmlProcess {
  unsigned pid;
  unsigned long long bytes;
  unsigned gpu_instance, compute_instance;
};
using NvmlInit = int();
using NvmlDeviceByPciBusId = int(const char* id, void** device);
using NvmlRunningProcesses = int(void* device, unsigned* count, NvmlProcess* processes);

}  // namespace

std::string load_nvrtc() {
  const std::string file = fmt::format("libnvrtc.so.{}", CUDART_VERSION / 1000);
  return dlopen(file.c_str(), RTLD_LAZY) ? "" : dlerror();
}

std::optional<size_t> memory_of_process(const std::string& pci_bus_id) {
  void* const library = dlopen("libnvidia-ml.so.1", RTLD_LAZY);
  if (!library) return std::nullopt;
  auto* const init = reinterpret_cast<NvmlInit*>(dlsym(library, "nvmlInit_v2"));
  auto* const find = reinterpret_cast<NvmlDeviceByPciBusId*>(dlsym(library, "nvmlDeviceGetHandleByPciBusId_v2"));
  auto* const list = reinterpret_cast<NvmlRunningProcesses*>(dlsym(library, "nvmlDeviceGetComputeRunningProcesses_v3"));
  void* device = nullptr;
  std::array<NvmlProcess, 256> processes{};
  unsigned count = processes.size();
  if (!init || !find || !list || init() != 0 || find(pci_bus_id.c_str(), &device) != 0 ||
      list(device, &count, processes.data()) != 0) {
    return std::nullopt;
  }
  for (const NvmlProcess& process : std::span(processes).first(count)) {
    constexpr unsigned long long kNotKnown = ~0ULL;
    if (process.pid == static_cast<unsigned>(getpid()) && process.bytes != kNotKnown) return process.bytes;
  }
  return std::nullopt;
}

}  // namespace revunet::cuda

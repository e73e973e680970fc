// This file describes GPUs as cuDNN does, so that it can be asked for algorithms where there is none.
#pragma once

#include <fmt/format.h>

#include <array>
#include <string>

namespace revunet::test {

// The numbers are those of NVIDIA's published specifications.
struct Gpu {
  const char* name;
  int architecture;  // 80 for sm_80
  int multiprocessors, memory_gib, l2_mib;
  int shared_memory_kib;  // per multiprocessor; a block may have 1 KiB less
  int threads;            // per multiprocessor
  int blocks;             // per multiprocessor
};

inline constexpr std::array<Gpu, 5> kGpus = {{{"A100", 80, 108, 80, 40, 164, 2048, 32},
                                              {"RTX 3090", 86, 82, 24, 6, 100, 1536, 16},
                                              {"RTX 4090", 89, 128, 24, 72, 100, 1536, 24},
                                              {"H100", 90, 132, 80, 50, 228, 2048, 32},
                                              {"RTX 5090", 120, 170, 32, 96, 100, 1536, 24}}};

// Returns what cuDNN serialises of a device (CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION).
inline std::string device_properties(const Gpu& gpu) {
  const int kib = 1024;
  return fmt::format(
      R"({{"cudaDeviceId":0,"deviceName":"{}","deviceVer":{},"driverVer":13000,"isTccDriver":0,)"
      R"("l2CacheSize":{},"maxBlockSize":[1024,1024,64],"maxGridSize":[2147483647,65535,65535],"maxCtasPerSM":{},)"
      R"("maxRegistersPerSM":65536,"maxSharedMemoryPerBlock":49152,"maxSharedMemoryPerBlockOptin":{},)"
      R"("maxThreadsPerBlock":1024,"maxThreadsPerSM":{},"memClockRateKHz":2000000,)"
      R"("multiProcessorCount":{},"pciDeviceId":0,"regsPerBlock":65536,"reservedSharedMemoryPerBlock":1024,)"
      R"("smClockRateKHz":1500000,"supportCoopLaunch":1,"totalGlobalMem":{},"warpSize":32}})",
      gpu.name, gpu.architecture * 10, gpu.l2_mib * kib * kib, gpu.blocks, (gpu.shared_memory_kib - 1) * kib,
      gpu.threads, gpu.multiprocessors, static_cast<int64_t>(gpu.memory_gib) * kib * kib * kib);
}

}  // namespace revunet::test

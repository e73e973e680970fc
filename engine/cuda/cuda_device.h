// CUDA devices.
//
// Rule: a device has one stream, and everything that touches its memory is ordered on it: kernels, copies, the
// libraries. So a block that the caching allocator hands out again is safe to write at once.
#pragma once

#include "engine/device.h"

namespace revunet::cuda {

// How many there are; 0 without a driver. UsageError where there is one that cannot say: a device that is broken, or
// busy, or a driver that is too old, is not the same as none.
int device_count();

// Its name, architecture and memory, "NVIDIA H200, sm_90, 143771 MiB".
std::string describe(int index);

// The libraries whose algorithms it runs, "cuDNN 9.19.0, cuBLAS 13.1.0".
std::string library_versions();

// UsageError where there is no device `index`, with those that there are.
void expect_device(int index);

// Device `index`, as expect_device.
Device make_device(int index, const MemoryLayout& layout = kCudaLayout, const Arithmetic& arithmetic = {});

}  // namespace revunet::cuda

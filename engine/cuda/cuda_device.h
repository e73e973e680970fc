// This file makes and describes CUDA devices.
//
// Rule: a device has one stream, and everything that touches its memory is ordered on it: kernels, copies and the
// libraries. So a block that the caching allocator hands out again is safe to write at once.
#pragma once

#include "engine/device.h"

namespace revunet::cuda {

// Returns the number of devices, which is 0 without a driver. Throws UsageError where the driver cannot say: a device
// that is broken or busy, or a driver that is too old, is not the same as no device.
int device_count();

// Returns a device's name, architecture and memory, such as "NVIDIA H200, sm_90, 143771 MiB".
std::string describe(int index);

// Returns where a device is on its machine, such as "0000:3b:00.0". No other device there has the same place.
std::string pci_bus_id(int index);

// Returns the libraries whose algorithms a device runs, such as "cuDNN 9.19.0, cuBLAS 13.1.0".
std::string library_versions();

// Throws UsageError where there is no device `index`. The message lists the devices that there are.
void expect_device(int index);

// Makes device `index`. Throws UsageError as expect_device does.
Device make_device(int index, const MemoryLayout& layout = kCudaLayout, const Arithmetic& arithmetic = {});

}  // namespace revunet::cuda

// The calls of the CUDA runtime that the project makes, on the CPU: one device whose memory is the host's.
#pragma once

#include <driver_types.h>

#include <cstddef>
#include <cstdint>

namespace revunet::cusim {

// The k-th allocation of device memory from now on fails, counted from 1, and so do all after it; 0: none does.
void fail_allocations_from(int64_t k);
// Device memory is at odd multiples of 256 bytes, all that cudaMalloc promises, instead of multiples of 512.
void misalign_allocations(bool misaligned);
// What is allocated: memory, streams, events. 0 once everything is given back.
int64_t live_objects();
// Devices that the runtime reports: 1 unless set.
void set_device_count(int count);
// What it answers instead when asked for their number, and the version of the driver (0: none); cudaSuccess: neither.
void fail_device_count(cudaError_t error, int driver_version);

}  // namespace revunet::cusim

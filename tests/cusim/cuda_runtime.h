// These are the calls of the CUDA runtime that the project makes, on the CPU: devices whose memory is the host's.
#pragma once

#include <driver_types.h>

#include <cstddef>
#include <cstdint>

namespace revunet::cusim {

// Makes the k-th allocation of device memory from now on fail, counted from 1, and all after it. With 0 none fails.
void fail_allocations_from(int64_t k);
// Device memory is at odd multiples of 256 bytes, all that cudaMalloc promises, instead of multiples of 512.
void misalign_allocations(bool misaligned);
// Returns the number of live allocations: memory, streams, events. It is 0 once everything is given back.
int64_t live_objects();
// Sets the number of devices that the runtime reports. At first they are those that REVUNET_CUSIM_DEVICES lists in the
// environment, by their numbers on the machine, as in CUDA_VISIBLE_DEVICES; without it there is one.
void set_device_count(int count);
// Sets the error that the runtime returns instead of their number, and the version of the driver (0: none). With
// cudaSuccess it returns no error.
void fail_device_count(cudaError_t error, int driver_version);
// Sets the number of multiprocessors of devices that are made from now on, which is 1 at first. Each runs kBlocksAtOnce
// blocks of any kernel at once.
void set_multiprocessors(int count);
inline constexpr int kBlocksAtOnce = 2;

// Moves the device's clock on. A recorded event moves it by 1 ms too, and a kernel by what is set, which is 0 at first.
void pass_time(double milliseconds);
void set_kernel_milliseconds(double milliseconds);
// Makes every wait for the stream fail with this error, until it is called with cudaSuccess.
void break_stream(cudaError_t error);
// Sets the error with which the runtime refuses every kernel, as it does where a build has no code for the device.
void miss_kernel_code(cudaError_t error);
// Sets the architecture for which the runtime says that kernels were compiled, which is 80 at first.
void compile_kernels_for(int architecture);

// These are for the other files of the simulator. They count a stream or an event that is made or destroyed, move the
// clock on by a kernel, and return the clock and what break_stream() set.
void count_object(int64_t change);
void pass_kernel_time();
double clock_milliseconds();
cudaError_t stream_error();

}  // namespace revunet::cusim

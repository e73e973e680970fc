// Runs CUDA kernels on the CPU, for tests: the project's own .cu files, compiled as C++.
//
// Blocks run one after another. Each thread of a block is a fiber that runs from barrier to barrier. A test may choose
// the order of both. The simulator catches overruns of global and of shared memory (AddressSanitizer sees their exact
// sizes), races between threads of a block that no barrier orders (ThreadSanitizer), barriers that not all threads
// reach, instructions of a warp that not all of its lanes take part in, and reads of shared or of device memory that
// nothing has written (it is filled with NaNs). It does not see races between blocks, memory order, and anything about
// speed.
#pragma once

#include <cuda_runtime_api.h>

#include <cmath>
#include <cstdint>
#include <functional>

#include "tests/cusim/warp_mma.h"

// This is the part of the language for which cuda_runtime_api.h has no words in a C++ compiler. It makes __global__ and
// the like empty.
inline thread_local uint3 threadIdx, blockIdx;
inline thread_local dim3 blockDim, gridDim;
#define __launch_bounds__(...)  // cuda_runtime_api.h defines it for nvcc alone

namespace revunet::cusim {

enum class Order { forward, reverse, shuffled };
// Sets the order of a grid's blocks and of each block's threads, from now on.
void set_order(Order order);

// Throws std::logic_error for a launch that a device would refuse, and where threads miss a barrier that others wait
// at.
void launch(dim3 grid, dim3 block, const std::function<void()>& kernel);

// Gives a stream such a launch, or other work (tests/cusim/streams.h).
void enqueue(cudaStream_t stream, std::function<void()> work);

// Returns the block's memory for `key`, made when its first thread asks.
void* shared(const void* key, size_t bytes);

void sync_threads(const char* file, int line);

// Gives `bytes` of each lane of a warp to all of them. All 32 lanes take part at the same place, or std::logic_error is
// thrown. Returns what they gave, in the order of lanes, which is valid until this lane's next exchange. As on a
// device, this orders no other memory.
const void* exchange(const void* mine, size_t bytes, const char* file, int line);

}  // namespace revunet::cusim

inline void __syncthreads(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  revunet::cusim::sync_threads(file, line);
}

#define REVUNET_SHARED(T, name, count) \
  static const char name##_key = 0;    \
  T* const name = static_cast<T*>(::revunet::cusim::shared(&name##_key, sizeof(T) * (count)))

// This file launches a kernel on a device's stream.
#pragma once

#include <algorithm>
#include <type_traits>

#include "engine/context.h"
#include "engine/cuda/event.h"
#include "engine/cuda/gpu.h"

namespace revunet::cuda {

// Returns the blocks for so many items. Each thread has one item, or several where that would take more than `most`
// blocks.
inline dim3 blocks_for(int64_t items, int64_t threads, int64_t most = int64_t{1} << 30) {
  return {static_cast<unsigned>(std::min((items + threads - 1) / threads, most))};
}

// grid_thread() returns the number of this thread in a grid of one dimension, and grid_threads() returns how many there
// are.
__device__ inline int64_t grid_thread() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline int64_t grid_threads() {
  return static_cast<int64_t>(gridDim.x) * blockDim.x;
}

// Throws Error where the launch is refused. An error in the kernel itself shows at a later call.
template <class... Parameters>
void launch(const Context& ctx, dim3 grid, dim3 block, void (*kernel)(Parameters...),
            std::type_identity_t<Parameters>... arguments) {
#ifdef REVUNET_SIMULATED_CUDA_LANGUAGE
  cusim::enqueue(stream_of(ctx), [=] { cusim::launch(grid, block, [=] { kernel(arguments...); }); });
#else
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.stream = stream_of(ctx);
  REVUNET_CUDA_CHECK(cudaLaunchKernelEx(&config, kernel, arguments...));
#endif
}

}  // namespace revunet::cuda

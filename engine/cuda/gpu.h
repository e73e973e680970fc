// CUDA's language for kernels: nvcc's, or a simulation of it on the CPU, which a build names by its header
// (REVUNET_SIMULATED_CUDA_LANGUAGE). The only CUDA header that kernels include.
#pragma once

#ifdef REVUNET_SIMULATED_CUDA_LANGUAGE
#include REVUNET_SIMULATED_CUDA_LANGUAGE
namespace revunet::cuda {
inline constexpr bool kSimulated = true;
}
#else
#include <cuda_runtime.h>
namespace revunet::cuda {
inline constexpr bool kSimulated = false;
}
// An array that the threads of a block share. A macro, as the simulation puts one in memory of its exact size.
#define REVUNET_SHARED(T, name, count) __shared__ T name[count]
#endif

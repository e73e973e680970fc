// This file provides CUDA's language for kernels: nvcc's, or a simulation of it on the CPU. A build names the
// simulation by its header (REVUNET_SIMULATED_CUDA_LANGUAGE). Kernels include no other CUDA header.
#pragma once

#ifdef REVUNET_SIMULATED_CUDA_LANGUAGE
#include REVUNET_SIMULATED_CUDA_LANGUAGE
namespace revunet::cuda {
inline constexpr bool kSimulated = true;
}
#define REVUNET_UNROLL
#else
#include <cuda_runtime.h>
namespace revunet::cuda {
inline constexpr bool kSimulated = false;
}
// Declares an array that the threads of a block share. It is a macro because the simulation puts the array in memory of
// its exact size.
#define REVUNET_SHARED(T, name, count) __shared__ T name[count]
// Unrolls the loop that follows. Arrays of a thread are in registers only where every index is known.
#define REVUNET_UNROLL _Pragma("unroll")
#endif

// CUDA's language for kernels: nvcc's, or in tests its simulation on the CPU. The only CUDA header that kernels
// include.
#pragma once

#ifdef REVUNET_CUSIM
#include "tests/cusim/cusim.h"
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

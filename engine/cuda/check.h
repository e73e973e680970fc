// This file has the one macro through which every call of the CUDA runtime goes.
#pragma once

#include <cuda_runtime_api.h>

#include "engine/error.h"

namespace revunet::cuda {

// Throws Error with the expression, its file and line, and CUDA's own words, unless the status is success. Clears the
// runtime's last error, so that the next call does not report this one again.
void check(cudaError_t status, const char* expression, const char* file, int line);

}  // namespace revunet::cuda

#define REVUNET_CUDA_CHECK(expression) ::revunet::cuda::check((expression), #expression, __FILE__, __LINE__)

// cuDNN and cuBLAS take memory of their own, outside the caching allocator. These functions deal with a device that has
// none left for them.
#pragma once

#include <cublas_v2.h>
#include <cudnn.h>

#include "engine/cuda/check.h"
#include "engine/device.h"

namespace revunet::cuda {

// Returns whether the device has too little memory left for a library to load a kernel.
inline bool is_full() {
  constexpr size_t kLittle = size_t{64} << 20;
  size_t free = 0, total = 0;
  return cudaMemGetInfo(&free, &total) == cudaSuccess && free < kLittle;
}

// Libraries say in several ways that they found no memory. Some of them have other reasons too.
inline bool found_no_memory(cublasStatus_t status) {
  return status == CUBLAS_STATUS_ALLOC_FAILED || (status != CUBLAS_STATUS_SUCCESS && is_full());
}
inline bool found_no_memory(cudnnStatus_t status) {
  return status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ||
         (status != CUDNN_STATUS_SUCCESS && (cudaPeekAtLastError() == cudaErrorMemoryAllocation || is_full()));
}

// Calls a library and returns its status. Where the library finds no memory, releases the allocator's cached segments
// and calls once more.
template <class Call>
auto with_room(Device& device, Call call) {
  const auto status = call();
  if (!found_no_memory(status)) return status;
  cudaGetLastError();
  device.allocator().release_cached();
  return call();
}

// Does the same, but throws OutOfMemoryError where the second call finds no memory either.
template <class Call>
auto expect_room(Device& device, const char* library, Call call) {
  const auto status = with_room(device, call);
  if (found_no_memory(status)) device.allocator().refuse_library(library);
  return status;
}

}  // namespace revunet::cuda

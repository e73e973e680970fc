// This file makes and destroys a handle of cuDNN.
#pragma once

#include <cudnn.h>

#include "engine/cuda/cudnn_descriptor.h"
#include "engine/cuda/library_memory.h"

namespace revunet::cuda {

class CudnnHandle {
 public:
  explicit CudnnHandle(Device& device) {
    REVUNET_CUDNN_CHECK(expect_room(device, "cuDNN", [&] { return cudnnCreate(&handle_); }));
  }
  ~CudnnHandle() { cudnnDestroy(handle_); }
  CudnnHandle(const CudnnHandle&) = delete;
  CudnnHandle& operator=(const CudnnHandle&) = delete;
  operator cudnnHandle_t() const { return handle_; }

 private:
  cudnnHandle_t handle_ = nullptr;
};

}  // namespace revunet::cuda

// This file makes streams and memory of the host that the device copies from and to.
#pragma once

#include <cstddef>

#include "engine/cuda/check.h"

namespace revunet::cuda {

// A Stream belongs to the device that is current when it is made. It is done with its work before it is gone.
class Stream {
 public:
  Stream() { REVUNET_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() {
    cudaStreamSynchronize(stream_);
    cudaStreamDestroy(stream_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  operator cudaStream_t() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

// A PinnedBuffer is memory of the host that stays where it is, so that copies run beside other work and at full speed.
class PinnedBuffer {
 public:
  // Throws OutOfMemoryError where the host refuses it.
  explicit PinnedBuffer(size_t bytes) {
    const cudaError_t status = cudaMallocHost(&data_, bytes);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      throw OutOfMemoryError(fmt::format(
          "[memory] expected {:.1f} MiB of pinned memory on the host, got none; close other programs, or allow more "
          "locked memory (ulimit -l)",
          static_cast<double>(bytes) / (1 << 20)));
    }
    REVUNET_CUDA_CHECK(status);
  }
  ~PinnedBuffer() { cudaFreeHost(data_); }
  PinnedBuffer(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(const PinnedBuffer&) = delete;
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
};

}  // namespace revunet::cuda

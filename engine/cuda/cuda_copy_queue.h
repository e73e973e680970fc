// A CudaCopyQueue copies on a stream of its own, from pinned buffers. Events order the stream and the device's.
#pragma once

#include <deque>

#include "engine/cuda/event.h"
#include "engine/cuda/stream.h"
#include "engine/memory/copy_queue.h"

namespace revunet::cuda {

class CudaCopyQueue : public CopyQueue {
 public:
  // `compute` is the device's stream, which outlives the queue. The device is current.
  CudaCopyQueue(cudaStream_t compute, size_t buffers, size_t bytes);

  std::span<std::byte> buffer(size_t index) override;
  void copy(void* to, size_t index, size_t offset, size_t bytes) override;
  void wait_for_buffer(size_t index) override { buffers_.at(index).copied.wait(); }
  void expect() override;
  void join() override;
  std::optional<double> waited() const override;

 private:
  struct Buffer {
    explicit Buffer(size_t bytes) : memory(bytes) {}
    PinnedBuffer memory;
    Event copied{cudaEventDisableTiming};  // after the last copy from it
  };

  cudaStream_t compute_;
  size_t bytes_;
  std::deque<Buffer> buffers_;
  Event reached_{cudaEventDisableTiming};  // the device's work when a copy was asked for
  Event copied_{cudaEventDisableTiming};   // after the last copy
  Event expected_, joined_;
  bool expecting_ = false, timed_ = false;
  Stream stream_;  // last: its destructor waits for what uses the rest
};

}  // namespace revunet::cuda

// This file gives a context's stream, and marks points in a stream's work.
#pragma once

#include <utility>

#include "engine/context.h"
#include "engine/cuda/check.h"

namespace revunet::cuda {

inline cudaStream_t stream_of(const Context& ctx) {
  return static_cast<cudaStream_t>(ctx.device.memory().stream());
}

class Event {
 public:
  // With cudaEventDisableTiming, the event can only be waited for.
  explicit Event(unsigned flags = cudaEventDefault) { REVUNET_CUDA_CHECK(cudaEventCreateWithFlags(&event_, flags)); }
  ~Event() {
    if (event_) cudaEventDestroy(event_);
  }
  Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event&&) = delete;

  void record(cudaStream_t stream) { REVUNET_CUDA_CHECK(cudaEventRecord(event_, stream)); }
  // Waits until the stream has reached the event. Returns at once where the event was never recorded.
  void wait() const { REVUNET_CUDA_CHECK(cudaEventSynchronize(event_)); }
  // Work that is given to another stream from now on begins after the event. Does nothing where it was never recorded.
  void precede(cudaStream_t other) const { REVUNET_CUDA_CHECK(cudaStreamWaitEvent(other, event_, 0)); }
  // Waits for this event, which comes after `begin`.
  double milliseconds_since(const Event& begin) const {
    wait();
    float milliseconds = 0;
    REVUNET_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, begin.event_, event_));
    return static_cast<double>(milliseconds);
  }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace revunet::cuda

#include "engine/cuda/cuda_copy_queue.h"

#include <utility>

namespace revunet::cuda {

CudaCopyQueue::CudaCopyQueue(cudaStream_t compute, size_t buffers, size_t bytes) : compute_(compute), bytes_(bytes) {
  for (size_t i = 0; i < buffers; ++i) buffers_.emplace_back(bytes);
}

std::span<std::byte> CudaCopyQueue::buffer(size_t index) {
  return {static_cast<std::byte*>(buffers_.at(index).memory.data()), bytes_};
}

void CudaCopyQueue::copy(void* to, size_t index, size_t offset, size_t bytes) {
  reached_.record(compute_);
  reached_.precede(stream_);
  REVUNET_CUDA_CHECK(cudaMemcpyAsync(to, buffer(index).data() + offset, bytes, cudaMemcpyHostToDevice, stream_));
  buffers_[index].copied.record(stream_);
  copied_.record(stream_);
}

void CudaCopyQueue::expect() {
  expected_.record(compute_);
  expecting_ = true;
}

void CudaCopyQueue::join() {
  copied_.precede(compute_);
  joined_.record(compute_);
  timed_ = std::exchange(expecting_, false);
}

std::optional<double> CudaCopyQueue::waited() const {
  return timed_ && !expecting_ ? std::optional(joined_.milliseconds_since(expected_) / 1000) : std::nullopt;
}

}  // namespace revunet::cuda

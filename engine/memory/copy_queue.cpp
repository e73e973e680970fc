#include "engine/memory/copy_queue.h"

#include <cstring>
#include <utility>

namespace revunet {

void HostCopyQueue::copy(void* to, size_t index, size_t offset, size_t bytes) {
  std::memcpy(to, buffers_.at(index).data() + offset, bytes);
}

void HostCopyQueue::join() {
  const auto expected = std::exchange(expected_, std::nullopt);
  waited_.reset();
  if (expected) waited_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - *expected).count();
}

}  // namespace revunet

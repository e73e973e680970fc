#include "engine/memory/resource.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

namespace revunet {

namespace {

constexpr size_t kHugePage = size_t{2} << 20;  // bytes; the size of a transparent huge page on x86-64

}  // namespace

void MemoryResource::copy_in(void* to, const void* host, size_t bytes) {
  std::memcpy(to, host, bytes);
}
void MemoryResource::copy_out(void* host, const void* from, size_t bytes) {
  std::memcpy(host, from, bytes);
}
void MemoryResource::copy(void* to, const void* from, size_t bytes) {
  std::memcpy(to, from, bytes);
}
void MemoryResource::fill(void* to, uint8_t value, size_t bytes) {
  std::memset(to, value, bytes);
}

std::unique_ptr<CopyQueue> MemoryResource::make_copy_queue(size_t buffers, size_t bytes) {
  return std::make_unique<HostCopyQueue>(buffers, bytes);
}

void* HostResource::allocate(size_t bytes) {
  const size_t alignment = bytes >= kHugePage ? kHugePage : kAllocationAlignment;
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* pointer = std::aligned_alloc(alignment, rounded);
  // This is advice only: where huge pages are off, ordinary ones serve.
  if (pointer && alignment == kHugePage) madvise(pointer, rounded, MADV_HUGEPAGE);
  return pointer;
}

void HostResource::deallocate(void* pointer, size_t) noexcept {
  std::free(pointer);
}

void* SimulatedResource::allocate(size_t bytes) {
  void* pointer = reinterpret_cast<void*>(next_);
  next_ += (bytes + kAllocationAlignment - 1) / kAllocationAlignment * kAllocationAlignment;
  return pointer;
}

}  // namespace revunet

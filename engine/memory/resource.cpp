#include "engine/memory/resource.h"

#include <sys/mman.h>

#include <cstdlib>

namespace revunet {

namespace {

constexpr size_t kHugePage = size_t{2} << 20;  // bytes; the size of a transparent huge page on x86-64

}  // namespace

void* HostResource::allocate(size_t bytes) {
  const size_t alignment = bytes >= kHugePage ? kHugePage : kAllocationAlignment;
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* pointer = std::aligned_alloc(alignment, rounded);
  // Advice only: where huge pages are off, ordinary ones serve.
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

void* LimitedResource::allocate(size_t bytes) {
  if (bytes > limit_ - used_) return nullptr;
  void* pointer = upstream_.allocate(bytes);
  if (pointer) used_ += bytes;
  return pointer;
}

void LimitedResource::deallocate(void* pointer, size_t bytes) noexcept {
  upstream_.deallocate(pointer, bytes);
  used_ -= bytes;
}

}  // namespace revunet

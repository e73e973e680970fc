// Where the caching allocator gets its segments from.
#pragma once

#include <cstddef>
#include <cstdint>

namespace revunet {

class MemoryResource {
 public:
  virtual ~MemoryResource() = default;
  // At least `bytes` bytes, aligned to kAllocationAlignment, or nullptr when there are none left.
  virtual void* allocate(size_t bytes) = 0;
  // `bytes` is what was asked for. Never throws.
  virtual void deallocate(void* pointer, size_t bytes) noexcept = 0;
  // False where addresses are mere numbers, behind which there is no memory.
  virtual bool addressable() const { return true; }
};

// Every address handed out is a multiple of this: what cudaMalloc promises and vector loads of any width need.
inline constexpr size_t kAllocationAlignment = 512;

// The process's own memory. Large segments are aligned to and advised as huge pages, which saves the page faults.
class HostResource : public MemoryResource {
 public:
  void* allocate(size_t bytes) override;
  void deallocate(void* pointer, size_t bytes) noexcept override;
};

// Addresses without memory: what the meta device counts with.
class SimulatedResource : public MemoryResource {
 public:
  void* allocate(size_t bytes) override;
  void deallocate(void*, size_t) noexcept override {}
  bool addressable() const override { return false; }

 private:
  uintptr_t next_ = uintptr_t{1} << 45;  // no address is used twice
};

// Passes through to another resource until `limit` bytes are out, then refuses.
class LimitedResource : public MemoryResource {
 public:
  LimitedResource(MemoryResource& upstream, size_t limit) : upstream_(upstream), limit_(limit) {}
  void* allocate(size_t bytes) override;
  void deallocate(void* pointer, size_t bytes) noexcept override;
  bool addressable() const override { return upstream_.addressable(); }

 private:
  MemoryResource& upstream_;
  size_t limit_;
  size_t used_ = 0;
};

}  // namespace revunet

// A MemoryResource is a device's memory. It gives the segments that the caching allocator cuts, and copies between them
// and the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "engine/memory/copy_queue.h"

namespace revunet {

// On `meta`, ops check, allocate, record and free as on another device, and compute nothing.
enum class DeviceKind { cpu, cuda, meta };

class MemoryResource {
 public:
  virtual ~MemoryResource() = default;
  // Returns at least `bytes` bytes, aligned to kAllocationAlignment, or nullptr when there are none left.
  virtual void* allocate(size_t bytes) = 0;
  // `bytes` is the size that was asked for. Never throws.
  virtual void deallocate(void* pointer, size_t bytes) noexcept = 0;
  // Returns the kind of device that the memory belongs to. On the meta device addresses are mere numbers without
  // memory.
  virtual DeviceKind kind() const = 0;
  // Returns whether the host may read and write at an address.
  virtual bool on_host() const { return kind() == DeviceKind::cpu; }

  // These run in the order of the device's other work. copy_in and copy_out return once the host's memory is no longer
  // in use.
  virtual void copy_in(void* to, const void* host, size_t bytes);
  virtual void copy_out(void* host, const void* from, size_t bytes);
  virtual void copy(void* to, const void* from, size_t bytes);
  virtual void fill(void* to, uint8_t value, size_t bytes);
  // Makes a queue with so many buffers of so many bytes on the host. The resource outlives it.
  virtual std::unique_ptr<CopyQueue> make_copy_queue(size_t buffers, size_t bytes);
  // Returns when all work so far is done.
  virtual void synchronize() {}
  // Returns the bytes that the device has and those that it could still give, or nothing where there is no fixed
  // answer.
  struct Capacity {
    size_t total, free;
  };
  virtual std::optional<Capacity> capacity() const { return std::nullopt; }
  // Returns the bytes of the device that this process uses, inside and outside of the allocator. Returns nothing where
  // nobody counts them.
  virtual std::optional<size_t> memory_of_process() const { return std::nullopt; }
  // Returns the cudaStream_t that orders a CUDA device's work, or nullptr on the host.
  virtual void* stream() const { return nullptr; }
};

// Every address handed out is a multiple of this, which is enough for vector loads of any width. cudaMalloc gives it
// but promises only 256, so the CUDA device checks.
inline constexpr size_t kAllocationAlignment = 512;

// A HostResource gives the process's own memory. Large segments are aligned as huge pages and advised to be such, which
// saves page faults.
class HostResource : public MemoryResource {
 public:
  void* allocate(size_t bytes) override;
  void deallocate(void* pointer, size_t bytes) noexcept override;
  DeviceKind kind() const override { return DeviceKind::cpu; }
};

// A SimulatedResource gives addresses without memory. The meta device counts with them.
class SimulatedResource : public MemoryResource {
 public:
  void* allocate(size_t bytes) override;
  void deallocate(void*, size_t) noexcept override {}
  DeviceKind kind() const override { return DeviceKind::meta; }

 private:
  uintptr_t next_ = uintptr_t{1} << 45;  // no address is used twice
};

}  // namespace revunet

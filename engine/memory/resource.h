// A device's memory: the segments that the caching allocator cuts, and copies between them and the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace revunet {

// `meta` is the device on which ops check, allocate, record and free as on another one, and compute nothing.
enum class DeviceKind { cpu, cuda, meta };

class MemoryResource {
 public:
  virtual ~MemoryResource() = default;
  // At least `bytes` bytes, aligned to kAllocationAlignment, or nullptr when there are none left.
  virtual void* allocate(size_t bytes) = 0;
  // `bytes` is what was asked for. Never throws.
  virtual void deallocate(void* pointer, size_t bytes) noexcept = 0;
  // Whose memory it is. On the meta device addresses are mere numbers, behind which there is none.
  virtual DeviceKind kind() const = 0;
  // Whether the host may read and write what lies behind an address.
  virtual bool on_host() const { return kind() == DeviceKind::cpu; }

  // Each in the order of the device's other work. copy_in and copy_out return when the host's side is done with.
  virtual void copy_in(void* to, const void* host, size_t bytes);
  virtual void copy_out(void* host, const void* from, size_t bytes);
  virtual void copy(void* to, const void* from, size_t bytes);
  virtual void fill_zero(void* to, size_t bytes);
  // Returns when all work so far is done.
  virtual void synchronize() {}
  // Bytes that the device has, and that it could still give; nothing where that has no fixed answer.
  struct Capacity {
    size_t total, free;
  };
  virtual std::optional<Capacity> capacity() const { return std::nullopt; }
  // What orders a CUDA device's work, a cudaStream_t; nullptr on the host.
  virtual void* stream() const { return nullptr; }
};

// Every address handed out is a multiple of this: enough for vector loads of any width. cudaMalloc gives it without
// promising more than 256, so the CUDA device checks.
inline constexpr size_t kAllocationAlignment = 512;

// The process's own memory. Large segments are aligned to and advised as huge pages, which saves the page faults.
class HostResource : public MemoryResource {
 public:
  void* allocate(size_t bytes) override;
  void deallocate(void* pointer, size_t bytes) noexcept override;
  DeviceKind kind() const override { return DeviceKind::cpu; }
};

// Addresses without memory: what the meta device counts with.
class SimulatedResource : public MemoryResource {
 public:
  void* allocate(size_t bytes) override;
  void deallocate(void*, size_t) noexcept override {}
  DeviceKind kind() const override { return DeviceKind::meta; }

 private:
  uintptr_t next_ = uintptr_t{1} << 45;  // no address is used twice
};

}  // namespace revunet

// A device: where tensors live and ops run. The CPU, or `meta`: there every op checks, allocates, records and frees as
// on the device it stands for, and computes nothing, so that a training step of any size shows its memory in
// milliseconds.
//
// Rule: a device owns its memory and whatever its kernels want to keep between calls (compiled primitives, plans);
// there are no globals. It outlives every tensor made on it.
#pragma once

#include <memory>
#include <typeindex>
#include <unordered_map>

#include "engine/memory/caching_allocator.h"

namespace revunet {

enum class DeviceKind { cpu, meta };

// What a device adds to the memory that tensors and ops ask for.
struct MemoryLayout {
  int64_t channel_bytes = 1;         // channels of activations are padded to a multiple of this
  size_t convolution_workspace = 0;  // bytes that a convolution may take, converted filters too; 0: the CPU's own
  bool operator==(const MemoryLayout&) const = default;
};
inline constexpr MemoryLayout kCpuLayout;
// Tensor cores read 16 bytes of channels at a time: 4 in f32 (TF32), 8 in bf16.
inline constexpr MemoryLayout kCudaLayout{.channel_bytes = 16, .convolution_workspace = size_t{32} << 20};

class Device {
 public:
  Device() : Device(std::make_unique<HostResource>()) {}
  explicit Device(DeviceKind kind)
      : Device(kind == DeviceKind::meta ? std::unique_ptr<MemoryResource>(std::make_unique<SimulatedResource>())
                                        : std::make_unique<HostResource>()) {}
  // The meta device that stands for one with this layout.
  explicit Device(const MemoryLayout& layout) : Device(DeviceKind::meta) { layout_ = layout; }
  // Memory comes from `resource`. One without memory behind its addresses makes this a meta device.
  explicit Device(std::unique_ptr<MemoryResource> resource) : resource_(std::move(resource)), allocator_(*resource_) {}

  CachingAllocator& allocator() { return allocator_; }
  // False on the meta device: kernels return once they have allocated what they work with.
  bool computes() const { return resource_->addressable(); }

  const MemoryLayout& layout() const { return layout_; }

  // The kernels' own object of type T on this device, made on first use.
  template <class T>
  T& state() {
    std::shared_ptr<void>& slot = state_[typeid(T)];
    if (!slot) slot = std::make_shared<T>();
    return *static_cast<T*>(slot.get());
  }

 private:
  std::unique_ptr<MemoryResource> resource_;
  CachingAllocator allocator_;
  MemoryLayout layout_;
  std::unordered_map<std::type_index, std::shared_ptr<void>> state_;
};

// Threads that CPU kernels use from now on, in the whole process; results do not depend on it. At least 1.
void set_cpu_threads(int threads);
// Hardware threads this process may run on.
int available_cpu_threads();

}  // namespace revunet

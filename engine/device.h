// A device: where tensors live and ops run. This build has the CPU.
//
// Rule: a device owns its memory and whatever its kernels want to keep between calls (compiled primitives, plans);
// there are no globals. It outlives every tensor made on it.
#pragma once

#include <memory>
#include <typeindex>
#include <unordered_map>

#include "engine/memory/caching_allocator.h"

namespace revunet {

class Device {
 public:
  // Memory comes from `resource`; without one, from the host's own.
  explicit Device(std::unique_ptr<MemoryResource> resource = std::make_unique<HostResource>())
      : resource_(std::move(resource)), allocator_(*resource_) {}

  CachingAllocator& allocator() { return allocator_; }

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
  std::unordered_map<std::type_index, std::shared_ptr<void>> state_;
};

// Threads that CPU kernels use from now on, in the whole process; results do not depend on it. At least 1.
void set_cpu_threads(int threads);
// Hardware threads this process may run on.
int available_cpu_threads();

}  // namespace revunet

// A device is where tensors live and ops run. It is the CPU, a CUDA device, or `meta`. On `meta` every op checks,
// allocates, records and frees as on the device that `meta` stands for, and computes nothing, so a training step of any
// size shows its memory in milliseconds.
//
// Rule: a device owns its memory and whatever its kernels want to keep between calls (compiled primitives, algorithms).
// There are no globals. A device outlives every tensor made on it.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <typeindex>
#include <unordered_map>
#include <utility>

#include "engine/memory/caching_allocator.h"

namespace revunet {

// A MemoryLayout says what a device adds to the memory that tensors and ops ask for.
struct MemoryLayout {
  int64_t channel_bytes = 1;         // channels of activations are padded to a multiple of this
  size_t convolution_workspace = 0;  // bytes that a convolution may take, filters included; 0: the CPU's own
  bool samples_ahead = false;        // the next training sample comes while a step computes, so two have memory
  bool operator==(const MemoryLayout&) const = default;

  // Returns the padded number of channels, whose elements have `element` bytes each.
  int64_t padded_channels(int64_t channels, int64_t element) const {
    const int64_t unit = std::max<int64_t>(1, channel_bytes / element);
    return (channels + unit - 1) / unit * unit;
  }
};
inline constexpr MemoryLayout kCpuLayout;
// Tensor cores read 16 bytes of channels at a time: 4 channels in f32 (TF32), 8 in bf16.
inline constexpr MemoryLayout kCudaLayout{
    .channel_bytes = 16, .convolution_workspace = size_t{32} << 20, .samples_ahead = true};

// cuDNN and cuBLAS load kernels and take memory of their own on a CUDA device, outside of the allocator. By default so
// many bytes are left for them.
inline constexpr size_t kRoomForLibraries = size_t{400} << 20;

// Arithmetic says what a CUDA device's libraries may do for speed. The CPU's kernels do neither in any case.
struct Arithmetic {
  bool deterministic = true;  // false: bits differ from run to run
  bool strict_fp32 = false;   // false: products of f32 may be computed in TF32, whose mantissa has 10 bits
  auto operator<=>(const Arithmetic&) const = default;
};

// KernelChoices map a description of a problem to the name of the kernel that was fastest when it was tried. A device
// that is given the choices of an earlier one tries nothing.
using KernelChoices = std::map<std::string, std::string>;

class Device {
 public:
  Device() : Device(std::make_unique<HostResource>()) {}
  // Memory comes from `resource`, and the device is of its kind (engine/cuda/cuda_device.h makes CUDA devices).
  explicit Device(std::unique_ptr<MemoryResource> resource, const MemoryLayout& layout = {},
                  const Arithmetic& arithmetic = {})
      : resource_(std::move(resource)), allocator_(*resource_), layout_(layout), arithmetic_(arithmetic) {}
  // Returns the meta device that stands for a device with this layout.
  static Device meta(const MemoryLayout& layout = kCpuLayout) {
    return Device(std::make_unique<SimulatedResource>(), layout);
  }

  DeviceKind kind() const { return resource_->kind(); }
  MemoryResource& memory() { return *resource_; }
  CachingAllocator& allocator() { return allocator_; }
  // Returns false on the meta device, where kernels return once they have allocated their workspace.
  bool computes() const { return kind() != DeviceKind::meta; }

  const MemoryLayout& layout() const { return layout_; }
  const Arithmetic& arithmetic() const { return arithmetic_; }
  KernelChoices& kernel_choices() { return kernel_choices_; }

  // Sets the function that receives a line for each kernel that is tried or chosen. Without one, nothing is logged.
  void log_to(std::function<void(const std::string&)> log) { log_ = std::move(log); }
  template <class... Arguments>
  void log(fmt::format_string<Arguments...> text, Arguments&&... arguments) const {
    if (log_) log_(fmt::format(text, std::forward<Arguments>(arguments)...));
  }

  // Returns the kernels' own object of type T on this device. The first call makes it, from the device if it takes one.
  template <class T>
  T& state() {
    std::shared_ptr<void>& slot = state_[typeid(T)];
    if constexpr (std::is_constructible_v<T, Device&>) {
      if (!slot) slot = std::make_shared<T>(*this);
    } else {
      if (!slot) slot = std::make_shared<T>();
    }
    return *static_cast<T*>(slot.get());
  }

 private:
  std::unique_ptr<MemoryResource> resource_;
  CachingAllocator allocator_;
  MemoryLayout layout_;
  Arithmetic arithmetic_;
  KernelChoices kernel_choices_;
  std::function<void(const std::string&)> log_;
  std::unordered_map<std::type_index, std::shared_ptr<void>> state_;
};

// Sets the number of threads that CPU kernels use from now on, in the whole process. It is at least 1. Results do not
// depend on it.
void set_cpu_threads(int threads);
int cpu_threads();
// Returns the number of hardware threads that this process may run on.
int available_cpu_threads();

}  // namespace revunet

// This is the CUDA device of a test: simulated in test_cusim, a real one in test_gpu.
#pragma once

#include "engine/cuda/cuda_device.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"

namespace revunet::test {

// Returns false, and tells CTest so, where there is no device to test on.
inline bool has_cuda_device() {
  if (cuda::device_count() > 0) return true;
  skip("no CUDA device");
  return false;
}

// On a device of this kind products of f32 are in f32, so that tolerances can be those of f32.
inline constexpr Arithmetic kStrict = {.strict_fp32 = true};

// A ChosenDevice is given the choices of earlier ones of this program, as from a file of algorithms, because trying
// takes most of the time.
class ChosenDevice {
 public:
  explicit ChosenDevice(const Arithmetic& arithmetic = {})
      : device_(cuda::make_device(0, kCudaLayout, arithmetic)) {
    device_.kernel_choices() = choices();
  }
  ~ChosenDevice() { choices() = device_.kernel_choices(); }
  ChosenDevice(const ChosenDevice&) = delete;
  ChosenDevice& operator=(const ChosenDevice&) = delete;
  Device& get() { return device_; }

 private:
  static KernelChoices& choices() {
    static KernelChoices made;
    return made;
  }
  Device device_;
};

}  // namespace revunet::test

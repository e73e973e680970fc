// Runs the tiny networks through the CUDA backend's own code, and compares them with what PyTorch stored.
#include "tests/cuda/test_device.h"
#include "tests/models/golden_networks.h"

using namespace revunet;
using namespace revunet::test;

namespace {

// The device is given the choices of earlier ones of this program, as from a file of algorithms, because trying takes
// most of the time.
class ChosenDevice {
 public:
  ChosenDevice() { device_.kernel_choices() = choices(); }
  ~ChosenDevice() { choices() = device_.kernel_choices(); }
  ChosenDevice(const ChosenDevice&) = delete;
  ChosenDevice& operator=(const ChosenDevice&) = delete;
  Device& get() { return device_; }

 private:
  static KernelChoices& choices() {
    static KernelChoices made;
    return made;
  }
  Device device_ = strict_cuda_device();
};

}  // namespace

TEST_CASE("tiny networks on a CUDA device: output, losses and every gradient are PyTorch's", "[cuda]") {
  if (!has_cuda_device()) return;
  const DType dtype = GENERATE(DType::f32, DType::bf16);
  const MemoryMode mode = {GENERATE(Activations::reversible, Activations::stored), Skips::reversible};
  for (const Network& network : tiny_networks()) {
    ChosenDevice device;
    check_one_step(device.get(), network, dtype, mode);
  }
}

TEST_CASE("tiny networks on a CUDA device, in mixed precision: as near to PyTorch as bf16 is", "[cuda]") {
  if (!has_cuda_device()) return;
  const MemoryMode mode = {GENERATE(Activations::reversible, Activations::stored), Skips::reversible};
  for (const Network& network : tiny_networks()) {
    if (network.config.kind == ModelKind::baseline) continue;  // it has no mixed precision
    ChosenDevice device;
    check_one_step(device.get(), network, DType::f32, mode, Operands::bf16);
  }
}

TEST_CASE("tiny networks on a CUDA device: ten Adam steps follow PyTorch's loss curve", "[cuda]") {
  if (!has_cuda_device()) return;
  for (const Network& network : tiny_networks()) {
    ChosenDevice device;
    check_ten_steps(device.get(), network, DType::f32);
  }
}

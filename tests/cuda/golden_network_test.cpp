// Runs the tiny networks through the CUDA backend's own code, and compares them with what PyTorch stored.
#include "tests/cuda/test_device.h"
#include "tests/models/golden_networks.h"

using namespace revunet;
using namespace revunet::test;

TEST_CASE("tiny networks on a CUDA device: output, losses and every gradient are PyTorch's", "[cuda]") {
  if (!has_cuda_device()) return;
  const DType dtype = GENERATE(DType::f32, DType::bf16);
#if defined(__SANITIZE_ADDRESS__)
  WARN("skipped under sanitizers, which see slabs in mixed precision: the finest level in slabs");
  const MemoryMode mode = GENERATE(MemoryMode{}, MemoryMode{.activations = Activations::stored});
#else
  const MemoryMode mode =
      GENERATE(MemoryMode{}, MemoryMode{.activations = Activations::stored}, MemoryMode{.finest = FinestLevel::slabs});
#endif
  for (const Network& network : tiny_networks()) {
    ChosenDevice device(kStrict);
    check_one_step(device.get(), network, dtype, mode);
  }
}

TEST_CASE("tiny networks on a CUDA device, in mixed precision: as near to PyTorch as bf16 is", "[cuda]") {
  if (!has_cuda_device()) return;
  const MemoryMode mode = GENERATE(MemoryMode{}, MemoryMode{.finest = FinestLevel::slabs});
  for (const Network& network : tiny_networks()) {
    if (network.config.kind == ModelKind::baseline) continue;  // it has no mixed precision
    ChosenDevice device(kStrict);
    check_one_step(device.get(), network, DType::f32, mode, Operands::bf16);
  }
}

TEST_CASE("tiny networks on a CUDA device: ten Adam steps follow PyTorch's loss curve", "[cuda]") {
#if defined(__SANITIZE_ADDRESS__)
  return skip("sanitizers see nothing in ten steps that they do not see in one, which other tests take");
#endif
  if (!has_cuda_device()) return;
  for (const Network& network : tiny_networks()) {
    ChosenDevice device(kStrict);
    check_ten_steps(device.get(), network, DType::f32);
  }
}

// Runs losses of labels, with logits that are large and channels that have padding, through the CUDA backend's own
// code.
#include "tests/kernels/label_losses.h"
#include "tests/cuda/test_device.h"

using namespace revunet;
using namespace revunet::test;

TEST_CASE("softmax_dice of large and infinite logits has its closed form on CUDA", "[cuda]") {
  if (!has_cuda_device()) return;
  Device device = cuda::make_device(0);
  for (const DType dtype : {DType::f32, DType::bf16}) check_large_logits(device, dtype);
}

TEST_CASE("losses leave the padding of their gradient zero", "[cuda]") {
  if (!has_cuda_device()) return;
  Device device = cuda::make_device(0);
  for (const DType dtype : {DType::f32, DType::bf16}) {
    check_padding_of_gradient(device, dtype, kSigmoidDice);
    check_padding_of_gradient(device, dtype, kSoftmaxDice);
  }
}

// Runs losses with an ignored label through the CUDA backend's own code.
#include "tests/kernels/ignored_voxels.h"
#include "kernels/label_pattern.h"
#include "tests/cuda/test_device.h"

using namespace revunet;
using namespace revunet::test;

TEST_CASE("voxels with an ignored label count in no sum of a loss on CUDA", "[cuda]") {
  if (!has_cuda_device()) return;
  Device device = cuda::make_device(0);
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const double cross_entropy : {0.0, 0.5}) {
      check_ignored_voxels(device, dtype, sigmoid_dice_with(cross_entropy), three_regions());
      check_ignored_voxels(device, dtype, sigmoid_dice_with(cross_entropy), overlapping_regions(9));
      check_ignored_voxels(device, dtype, softmax_dice_with(cross_entropy), table_of_classes(3));
      check_ignored_voxels(device, dtype, softmax_dice_with(cross_entropy), table_of_classes(9));
    }
  }
}

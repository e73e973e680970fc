// Tests on the CPU that losses leave out voxels with an ignored label.
#include "tests/kernels/ignored_voxels.h"
#include "kernels/label_pattern.h"

using namespace revunet;
using namespace revunet::test;

TEST_CASE("voxels with an ignored label count in no sum of a loss") {
  for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) {
    for (const double cross_entropy : {0.0, 0.5}) {
      Device device;
      check_ignored_voxels(device, dtype, sigmoid_dice_with(cross_entropy), three_regions());
      check_ignored_voxels(device, dtype, sigmoid_dice_with(cross_entropy), overlapping_regions(9));
      check_ignored_voxels(device, dtype, softmax_dice_with(cross_entropy), table_of_classes(3));
      check_ignored_voxels(device, dtype, softmax_dice_with(cross_entropy), table_of_classes(9));
    }
  }
}

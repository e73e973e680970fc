#include "io/metrics.h"

namespace revunet::io {
namespace {

double ratio_or(int64_t numerator, int64_t denominator, double when_undefined) {
  return denominator == 0 ? when_undefined : static_cast<double>(numerator) / static_cast<double>(denominator);
}

}  // namespace

MaskMetrics compare_masks(std::span<const uint8_t> reference, std::span<const uint8_t> prediction, const Index3& size,
                          const Spacing3& spacing, Hd95 definition) {
  expect_one_grid(reference, prediction, size, spacing);
  MaskMetrics result;
  for (size_t i = 0; i < reference.size(); ++i) {
    result.reference_voxels += reference[i] != 0;
    result.prediction_voxels += prediction[i] != 0;
    result.common_voxels += reference[i] != 0 && prediction[i] != 0;
  }
  const int64_t outside_reference = std::ssize(reference) - result.reference_voxels;
  const int64_t outside_both = outside_reference - (result.prediction_voxels - result.common_voxels);
  result.dice = ratio_or(2 * result.common_voxels, result.reference_voxels + result.prediction_voxels, 1);
  result.sensitivity = ratio_or(result.common_voxels, result.reference_voxels, 1);
  result.specificity = ratio_or(outside_both, outside_reference, 1);
  if (result.reference_empty() || result.prediction_empty()) {
    result.hd95 = result.reference_empty() && result.prediction_empty() ? 0 : hd95_of_one_empty_mask;
  } else {
    result.hd95 = hausdorff_95(reference, prediction, size, spacing, definition);
  }
  return result;
}

}  // namespace revunet::io

#include "io/scores/metrics.h"

#include "engine/error.h"

namespace revunet::io {
namespace {

double ratio_or(int64_t numerator, int64_t denominator, double when_undefined) {
  return denominator == 0 ? when_undefined : static_cast<double>(numerator) / static_cast<double>(denominator);
}

// Sets HD95 and NSD of two masks that are not empty. Surfaces are measured once for each kind.
void add_surface_metrics(std::span<const uint8_t> reference, std::span<const uint8_t> prediction, const Index3& size,
                         const Spacing3& spacing, const MaskRules& rules, MaskMetrics& result) {
  const bool one_kind = surface_of(rules.hd95) == surface_of(rules.nsd);
  SurfaceDistances distances = surface_distances(reference, prediction, size, spacing, surface_of(rules.hd95));
  result.hd95 = hausdorff_95(distances, rules.hd95);
  if (rules.nsd_tolerances.empty()) return;
  if (!one_kind) distances = surface_distances(reference, prediction, size, spacing, surface_of(rules.nsd));
  for (const double tolerance : rules.nsd_tolerances) {
    result.nsd.push_back(surface_dice(distances, tolerance, rules.nsd));
  }
}

}  // namespace

MaskMetrics compare_masks(std::span<const uint8_t> reference, std::span<const uint8_t> prediction, const Index3& size,
                          const Spacing3& spacing, const MaskRules& rules, int64_t left_out) {
  expect_one_grid(reference, prediction, size, spacing);
  MaskMetrics result;
  for (size_t i = 0; i < reference.size(); ++i) {
    result.reference_voxels += reference[i] != 0;
    result.prediction_voxels += prediction[i] != 0;
    result.common_voxels += reference[i] != 0 && prediction[i] != 0;
  }
  const int64_t outside_reference = std::ssize(reference) - left_out - result.reference_voxels;
  const int64_t outside_both = outside_reference - (result.prediction_voxels - result.common_voxels);
  const UnmeasuredValues& unmeasured = rules.unmeasured;
  const bool both_empty = result.reference_empty() && result.prediction_empty();
  result.dice = ratio_or(2 * result.common_voxels, result.reference_voxels + result.prediction_voxels,
                         unmeasured.dice_both_empty);
  result.sensitivity =
      ratio_or(result.common_voxels, result.reference_voxels,
               both_empty ? unmeasured.sensitivity_both_empty : unmeasured.sensitivity_reference_empty);
  result.specificity = ratio_or(outside_both, outside_reference, unmeasured.specificity_reference_full);
  const bool apart = unmeasured.apart_is_one_empty && result.common_voxels == 0;
  if (result.reference_empty() || result.prediction_empty() || apart) {
    result.hd95 = both_empty ? unmeasured.hd95_both_empty : unmeasured.hd95_one_empty;
    result.nsd.assign(rules.nsd_tolerances.size(), both_empty ? unmeasured.nsd_both_empty : unmeasured.nsd_one_empty);
  } else {
    constexpr Spacing3 of_voxels = {1, 1, 1};
    add_surface_metrics(reference, prediction, size, rules.in_voxels ? of_voxels : spacing, rules, result);
  }
  return result;
}

std::vector<double> region_dice(const Task& task, std::span<const uint8_t> reference,
                                std::span<const uint8_t> prediction) {
  REVUNET_EXPECTS(reference.size() == prediction.size(), Error,
                  "[region_dice] expected a prediction of {} voxels, as the reference has, got {}", reference.size(),
                  prediction.size());
  constexpr size_t kLabels = 256;
  std::vector<int64_t> pairs(kLabels * kLabels);  // voxels of each pair of labels
  for (size_t i = 0; i < reference.size(); ++i) ++pairs[reference[i] * kLabels + prediction[i]];
  std::vector<int64_t> common(task.regions().size()), sum(common.size());
  for (size_t pair = 0; pair < pairs.size(); ++pair) {
    if (pairs[pair] == 0 || pair / kLabels == task.ignored()) continue;
    const RegionSet a = task.regions_of(static_cast<uint8_t>(pair / kLabels)),
                    b = task.regions_of(static_cast<uint8_t>(pair % kLabels));
    for (size_t r = 0; r < sum.size(); ++r) {
      common[r] += a[r] && b[r] ? pairs[pair] : 0;
      sum[r] += (int64_t{a[r]} + int64_t{b[r]}) * pairs[pair];
    }
  }
  std::vector<double> dice;
  for (size_t r = 0; r < sum.size(); ++r) dice.push_back(ratio_or(2 * common[r], sum[r], 1));
  return dice;
}

}  // namespace revunet::io

// This file has overlap and surface metrics of a pair of masks: Dice, 95 % Hausdorff distance, normalised surface Dice,
// sensitivity, specificity.
//
// Non-obvious rule: HD95 and NSD have several definitions that differ (io/scores/hausdorff.h, surface_dice.h), and
// reports name theirs. All data is on the host. Functions are safe to call from several threads; results do not depend
// on the number of threads.
#pragma once

#include <limits>
#include <vector>

#include "io/scores/hausdorff.h"
#include "io/scores/surface_dice.h"
#include "io/task/task.h"

namespace revunet::io {

// Stands for a score that is not defined. Reports leave it out of means.
inline constexpr double not_defined = std::numeric_limits<double>::quiet_NaN();

// This is the diagonal in mm of a BraTS image (240 x 240 x 155 voxels of 1 mm). BraTS 2021 gives it as HD95 where one
// of the masks is empty.
inline constexpr double hd95_of_one_empty_mask = 373.12866;

// UnmeasuredValues has the scores of masks that allow no measurement. The defaults are those of BraTS 2021
// (io/scores/scoring.h has the others).
struct UnmeasuredValues {
  double dice_both_empty = 1, hd95_both_empty = 0, nsd_both_empty = 1;
  double hd95_one_empty = hd95_of_one_empty_mask;
  double nsd_one_empty = 0;                                            // Dice is 0 there by its formula
  double sensitivity_both_empty = 1, sensitivity_reference_empty = 1;  // the second: of the reference alone
  double specificity_reference_full = 1;                               // the reference fills the image
  bool apart_is_one_empty = false;  // masks without a common voxel have the HD95 and NSD of one empty mask
};

struct MaskRules {
  Hd95 hd95 = Hd95::pooled;
  Nsd nsd = Nsd::surfel;
  std::vector<double> nsd_tolerances = {};  // mm; none: NSD is not computed
  bool in_voxels = false;                   // distances and tolerances are in voxels, whatever the spacing
  UnmeasuredValues unmeasured = {};
};

struct MaskMetrics {
  int64_t reference_voxels = 0;
  int64_t prediction_voxels = 0;
  int64_t common_voxels = 0;
  double dice = 0;               // 2 common / (reference + prediction)
  double hd95 = 0;               // mm, or voxels
  std::vector<double> nsd = {};  // for each tolerance
  double sensitivity = 0;        // common / reference
  double specificity = 0;        // share of voxels outside the reference that are outside the prediction

  // Where one holds, Dice, HD95 and NSD are conventions rather than measurements: count such cases in a report.
  bool reference_empty() const { return reference_voxels == 0; }
  bool prediction_empty() const { return prediction_voxels == 0; }
};

// Masks are non-zero inside, x fastest: index = x + X * (y + Y * z). size has the voxels along x, y, z, and spacing the
// mm along x, y, z. The distances are exact Euclidean ones. Throws Error if a mask's length is not the product of size,
// or a spacing is not positive and finite. Voxels that are left out are in neither mask, and specificity does not count
// them.
MaskMetrics compare_masks(std::span<const uint8_t> reference, std::span<const uint8_t> prediction, const Index3& size,
                          const Spacing3& spacing, const MaskRules& rules = {}, int64_t left_out = 0);

// Returns only the Dice of each of the task's regions between two label volumes. It is 1 where both are empty. Voxels
// that the reference says to ignore do not count. Throws Error if their lengths differ.
std::vector<double> region_dice(const Task& task, std::span<const uint8_t> reference,
                                std::span<const uint8_t> prediction);

}  // namespace revunet::io

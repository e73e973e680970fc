// This file computes lesion-wise Dice, HD95 and NSD as the BraTS 2023 challenge scores them. Every lesion counts the
// same, whatever its size, and every lesion that is missed or invented counts as the worst.
//
// Source: Saluja et al., "BraTS 2023 lesion-wise performance metrics", and the challenge's own page,
// synapse.org/syn51156910; docs/evaluation.md has it in full. All data is on the host. The functions are safe to call
// from several threads.
#pragma once

#include "io/scores/metrics.h"

namespace revunet::io {

// The challenge gives this HD95, in mm, to a lesion that is missed or invented.
inline constexpr double hd95_of_unmatched_lesion = 374;

// The challenge's rules are: dilation 3 and 50 mm^3 for glioma, 1 and 50 for meningioma, 1 and 2 for metastases.
// Its HD95 is surfel.
struct LesionRules {
  int dilation = 3;        // times that the reference grows by its 18 neighbours
  double min_volume = 50;  // mm^3; lesions of this volume or less are not scored
};

// dice, hd95 and nsd are means over the scored lesions and the false positives. They are 1, 0 and 1 where there are
// neither.
struct LesionMetrics {
  double dice = 0;
  double hd95 = 0;               // mm
  std::vector<double> nsd = {};  // for each tolerance
  int64_t found = 0;             // scored lesions that a predicted component touches
  int64_t missed = 0;            // scored lesions that no predicted component touches: Dice and NSD 0, HD95 374
  int64_t false_positives = 0;   // predicted components that touch no lesion: the same, whatever their size
  int64_t ignored = 0;           // lesions too small, neither found nor missed; what touches them is no false positive
};

// A lesion is the part of the reference in one component of the dilated reference. It is compared with all predicted
// components that touch its dilated component. Components are 26-connected. Masks, size, spacing and errors are those
// of compare_masks, and `masks` says how a lesion is compared. Throws Error for negative rules.
LesionMetrics compare_lesions(std::span<const uint8_t> reference, std::span<const uint8_t> prediction,
                              const Index3& size, const Spacing3& spacing, const LesionRules& rules,
                              const MaskRules& masks);

}  // namespace revunet::io

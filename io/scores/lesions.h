// Lesion-wise Dice and HD95 as the BraTS 2023 challenge scores them: every lesion counts the same, whatever its size,
// and every lesion that is missed or made up counts as the worst.
//
// Source: Saluja et al., "BraTS 2023 lesion-wise performance metrics", and the challenge's own page, synapse.org
// syn51156910; docs/evaluation.md has it in full. Host data only; safe to call from several threads.
#pragma once

#include "io/scores/metrics.h"

namespace revunet::io {

// mm: what the challenge gives as HD95 of a lesion that is missed or made up.
inline constexpr double hd95_of_unmatched_lesion = 374;

// The rules of the challenge: dilation 3 and 50 mm^3 for glioma, 1 and 50 for meningioma, 1 and 2 for metastases;
// surfel.
struct LesionRules {
  int dilation = 3;        // times that the reference grows by its 18 neighbours
  double min_volume = 50;  // mm^3; lesions of this volume or less are not scored
  Hd95 hd95 = Hd95::surfel;
};

// dice and hd95 are means over the lesions that are scored and the false positives; 1 and 0 where there are neither.
struct LesionMetrics {
  double dice = 0;
  double hd95 = 0;              // mm
  int64_t found = 0;            // lesions scored that a predicted component touches
  int64_t missed = 0;           // lesions scored that none touches: Dice 0, HD95 374
  int64_t false_positives = 0;  // predicted components that touch no lesion: Dice 0, HD95 374, whatever their size
  int64_t ignored = 0;          // lesions too small; what touches them is no false positive
};

// A lesion is what of the reference lies in one component of the reference dilated; it is compared with all predicted
// components that touch its dilated component. Components are 26-connected. Masks, size, spacing and errors as for
// compare_masks; Error for rules that are negative.
LesionMetrics compare_lesions(std::span<const uint8_t> reference, std::span<const uint8_t> prediction,
                              const Index3& size, const Spacing3& spacing, const LesionRules& rules);

}  // namespace revunet::io

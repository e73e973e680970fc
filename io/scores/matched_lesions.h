// This file computes lesion-wise scores as the BraTS 2026 challenge does: lesions of reference and prediction are
// matched one to one, and the pairs are scored.
//
// Source: panoptica (Kofler et al., arXiv 2312.02608), with the rules that docs/evaluation.md lists. All data is on the
// host. The functions are safe to call from several threads.
#pragma once

#include <optional>

#include "io/scores/lesions.h"

namespace revunet::io {

// The challenge gives this HD95, in mm, to what has no partner.
inline constexpr double hd95_of_unmatched_in_2026 = 373;
// mm^3; the example of the challenge's package for metastases.
inline constexpr double min_volume_of_metastases = 20;

struct MatchedLesionRules {
  // Where it is there, reference lesions below this volume, in mm^3, are left out of dice, hd95 and nsd, and other
  // lesions without a partner count in them as 0, 373 and 0, as the challenge does for metastases. Otherwise dice, hd95
  // and nsd are means over the pairs.
  std::optional<double> min_volume = {};
};

// Lesions are the 26-connected components of a mask. Pairs have a Dice above 1e-6, and the matching is the one with the
// largest sum of Dice. A pair's HD95 is pooled, its NSD is that of edges, at the smallest spacing as tolerance.
//
// In the result, `found`, `missed` and `false_positives` count pairs and what has no partner, whatever the volume;
// `ignored` counts the reference lesions below it. Without a pair, dice, hd95 and nsd are 0, 373 and 0. They are NaN
// where there is nothing to score: no lesion at all, or with a volume, no reference lesion of at least this volume.
// Masks, size, spacing and errors are those of compare_masks.
LesionMetrics compare_matched_lesions(std::span<const uint8_t> reference, std::span<const uint8_t> prediction,
                                      const Index3& size, const Spacing3& spacing, const MatchedLesionRules& rules);

// Returns 2 found / (2 found + missed + false positives), or NaN where there is no lesion.
double f1_of(const LesionMetrics& lesions);

}  // namespace revunet::io

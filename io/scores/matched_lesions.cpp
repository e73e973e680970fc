#include "io/scores/matched_lesions.h"

#include <algorithm>
#include <map>

#include "engine/error.h"
#include "io/scores/components.h"
#include "io/scores/header_precision.h"
#include "io/scores/matching.h"

namespace revunet::io {
namespace {

constexpr double least_dice = 1e-6;  // of a pair

// Returns the pairs of lesions, numbered from 0, that are scored together.
std::vector<WeightedPair> matched_pairs(const Components& reference, const Components& prediction) {
  std::map<std::pair<int32_t, int32_t>, int64_t> common;
  for (size_t i = 0; i < reference.of.size(); ++i) {
    if (reference.of[i] != 0 && prediction.of[i] != 0) ++common[{reference.of[i] - 1, prediction.of[i] - 1}];
  }
  std::vector<WeightedPair> pairs;
  for (const auto& [lesions, voxels] : common) {
    const auto [r, p] = lesions;
    const double dice =
        2 * static_cast<double>(voxels) / static_cast<double>(reference.voxels[r] + prediction.voxels[p]);
    // The small number is panoptica's: of two matchings with the same sum of Dice, the one with more pairs is taken.
    if (dice > least_dice) pairs.push_back({r, p, dice + least_dice});
  }
  return heaviest_matching(pairs);
}

// Adds up the scores of the pairs. Masks are cut to the box that holds both.
class MatchedComparison {
 public:
  MatchedComparison(const std::vector<uint8_t>& reference, const std::vector<uint8_t>& prediction, const Index3& size,
                    const Spacing3& spacing, const MatchedLesionRules& rules)
      : size_(size),
        spacing_(spacing),
        rules_(rules),
        reference_(connected_components(reference, size)),
        prediction_(connected_components(prediction, size)),
        reference_boxes_(boxes_of(reference_, size)),
        prediction_boxes_(boxes_of(prediction_, size)) {}

  LesionMetrics compare() {
    sum_.nsd = {0};
    const std::vector<WeightedPair> pairs = matched_pairs(reference_, prediction_);
    for (const WeightedPair& pair : pairs) {
      if (is_large(pair.left)) add(pair);
    }
    sum_.found = std::ssize(pairs);
    sum_.missed = reference_.count() - sum_.found;
    sum_.false_positives = prediction_.count() - sum_.found;
    int64_t large = 0;
    for (int32_t lesion = 0; lesion < reference_.count(); ++lesion) large += is_large(lesion);
    sum_.ignored = reference_.count() - large;
    const bool nothing = rules_.min_volume ? large == 0 : reference_.count() + prediction_.count() == 0;
    // Without any pair, the means are those of a single lesion without a partner.
    const int64_t unmatched = rules_.min_volume ? large - scored_ + sum_.false_positives : scored_ == 0;
    set_means(nothing, unmatched);
    return sum_;
  }

 private:
  bool is_large(int32_t lesion) const {
    const auto voxels = static_cast<double>(reference_.voxels[lesion]);
    return !rules_.min_volume || at_least(voxels * spacing_[0] * spacing_[1] * spacing_[2], *rules_.min_volume);
  }

  void add(const WeightedPair& pair) {
    const MaskBox box = box_around(reference_boxes_[pair.left], prediction_boxes_[pair.right]);
    const MaskRules rules = {.hd95 = Hd95::pooled,
                             .nsd = Nsd::edge,
                             .nsd_tolerances = {*std::min_element(spacing_.begin(), spacing_.end())}};
    const MaskMetrics metrics =
        compare_masks(mask_in(box, reference_, {pair.left + 1}, size_),
                      mask_in(box, prediction_, {pair.right + 1}, size_), box.size, spacing_, rules);
    sum_.dice += metrics.dice;
    sum_.hd95 += metrics.hd95;
    sum_.nsd[0] += metrics.nsd[0];
    ++scored_;
  }

  void set_means(bool nothing, int64_t unmatched) {
    const auto count = static_cast<double>(scored_ + unmatched);
    sum_.dice = nothing ? not_defined : sum_.dice / count;
    sum_.hd95 =
        nothing ? not_defined : (sum_.hd95 + static_cast<double>(unmatched) * hd95_of_unmatched_in_2026) / count;
    sum_.nsd[0] = nothing ? not_defined : sum_.nsd[0] / count;
  }

  Index3 size_;
  Spacing3 spacing_;
  MatchedLesionRules rules_;
  Components reference_, prediction_;
  std::vector<MaskBox> reference_boxes_, prediction_boxes_;
  LesionMetrics sum_;
  int64_t scored_ = 0;  // pairs in the sums
};

}  // namespace

LesionMetrics compare_matched_lesions(std::span<const uint8_t> reference, std::span<const uint8_t> prediction,
                                      const Index3& size, const Spacing3& spacing, const MatchedLesionRules& rules) {
  REVUNET_EXPECTS(rules.min_volume.value_or(0) >= 0, Error,
                  "[compare_matched_lesions] expected a volume of 0 or more, got {}; pass another", *rules.min_volume);
  expect_one_grid(reference, prediction, size, spacing);
  const MaskBox box = bounding_box(reference, prediction, size);
  const std::vector<uint8_t> in_reference = crop(reference, box, size), in_prediction = crop(prediction, box, size);
  return MatchedComparison(in_reference, in_prediction, box.size, spacing, rules).compare();
}

double f1_of(const LesionMetrics& lesions) {
  const int64_t sum = 2 * lesions.found + lesions.missed + lesions.false_positives;
  return sum == 0 ? not_defined : 2 * static_cast<double>(lesions.found) / static_cast<double>(sum);
}

}  // namespace revunet::io

// This file has BraTS's labels and the three nested regions that the network predicts.
//
// Non-obvious rule: regions overlap (ET in TC in WT), so they are three channels in this order, never a softmax:
// WT (whole tumour) labels 1, 2, 4; TC (tumour core) labels 1, 4; ET (enhancing tumour) label 4.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace revunet::io {

constexpr int64_t region_count = 3;
constexpr std::array<const char*, region_count> region_names = {"WT", "TC", "ET"};
constexpr float region_threshold = 0.5f;  // a voxel is in a region where its probability is above this

// These are the labels that there are: 0 background, 1 necrotic or not enhancing core, 2 oedema, 4 enhancing tumour.
// Files may hold other numbers for them: io/dataset/label_profile.h.
constexpr std::array<uint8_t, 4> all_labels = {0, 1, 2, 4};
constexpr bool is_label(uint8_t label) {
  return label <= 4 && label != 3;
}

// Returns whether a voxel of this label lies in each region.
constexpr std::array<bool, region_count> regions_of(uint8_t label) {
  return {label != 0, label == 1 || label == 4, label == 4};
}

// Turns (V, 3) probabilities into (V) labels: 2 where WT is above the threshold, then 1 where TC is, then 4 where ET
// is, the later overwriting the earlier. Regions that are not nested are kept: ET alone still gives 4. Throws Error
// where the size is no multiple of 3, and NonFiniteError for a NaN.
std::vector<uint8_t> regions_to_labels(std::span<const float> probabilities, float threshold = region_threshold);

// Does the same with masks, (V, 3), where what is not zero is in the region.
std::vector<uint8_t> regions_to_labels(std::span<const uint8_t> masks);

}  // namespace revunet::io

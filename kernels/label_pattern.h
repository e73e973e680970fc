// These labels and tables are for the cases of losses.
#pragma once

#include <vector>

#include "kernels/label_table.h"

namespace revunet {

inline constexpr uint8_t kPatternLabels = 7;  // 0 to 6

// Returns labels for the voxels of logits (N, D, H, W, R). Their period differs from the layout's.
inline Tensor pattern_labels(const Context& ctx, const Shape& logits) {
  const auto [N, D, H, W, R] = activation(logits);
  std::vector<uint8_t> labels(static_cast<size_t>(N * D * H * W));
  for (size_t v = 0; v < labels.size(); ++v) labels[v] = static_cast<uint8_t>(5 * v % kPatternLabels);
  return from_host(ctx, {{N, D, H, W, 1}, DType::u8}, labels);
}

// Returns the table of regions that overlap. Each has three of the labels.
inline LabelTable overlapping_regions(int64_t regions) {
  LabelTable table{.count = regions};
  for (uint8_t label = 0; label < kPatternLabels; ++label) {
    for (int64_t r = 0; r < regions; ++r) {
      if ((label + 3 * r) % kPatternLabels < 3) table.of_label[label] |= uint32_t{1} << r;
    }
  }
  return table;
}

}  // namespace revunet

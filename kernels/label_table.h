// A label table says in which regions or classes the voxels of each label lie. Losses read labels and this table.
//
// Rule: a label has a mask of one bit per region. Regions may overlap, so a mask may have any bits. Classes are
// exclusive, so each mask has one bit.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "engine/tensor.h"

namespace revunet {

inline constexpr int64_t kMostRegions = 32;  // the bits of a mask

struct LabelTable {
  std::array<uint32_t, 256> of_label = {};  // bit r is set: voxels of this label lie in region or class r
  int64_t count = 0;                        // regions or classes, 1 to kMostRegions
  std::optional<uint8_t> ignored = {};      // voxels of this label count in no sum, whatever its mask

  bool ignores(uint8_t label) const { return label == ignored; }
  bool contains(int64_t region, uint8_t label) const { return (of_label[label] >> region & 1) != 0; }
};

// Returns the table of classes that have the labels 0 to classes - 1. All other labels are of class 0, the background,
// so that kernels are safe whatever bytes they read. They report no unknown label. Whoever loads a volume checks its
// labels on the host, as preprocessing does.
LabelTable table_of_classes(int64_t classes);

// Throws Error, which begins with [op], where labels are not bytes (N, D, H, W, 1), dense, of the voxels of logits
// (N, D, H, W, R), and where the table does not have R regions. It does not read
// the voxels' labels, which are checked where a volume is loaded.
void check_labels(const char* op, const Tensor& logits, const Tensor& labels, const LabelTable& table);

}  // namespace revunet

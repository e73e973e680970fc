// This is a view of the labels of voxels, for kernels that read them next to packs of logits.
//
// Rule: the table of the labels travels with the kernel's parameters, which are in constant memory. Neighbouring voxels
// mostly have the same label, so the threads of a warp mostly read the same word of it.
#pragma once

#include <algorithm>

#include "engine/cuda/gpu.h"
#include "kernels/label_table.h"

namespace revunet::cuda {

inline constexpr float kNotCounted = -1;  // target of an ignored voxel

// Holds whether a voxel lies in each of neighbouring regions or classes: 1 or 0, or kNotCounted for an ignored voxel.
// Regions beyond the table's are 0.
struct Targets {
  uint32_t mask;  // of the first region and those after it
  bool counted;

  __device__ float operator[](int64_t i) const { return !counted ? kNotCounted : (mask >> i & 1) != 0 ? 1.0f : 0.0f; }
};

// LabelVoxels loads as Voxels (pack.h) does.
class LabelVoxels {
 public:
  template <int N>
  static constexpr int kLoads = 1;  // a byte, but a load as a pack is

  LabelVoxels(const Tensor& labels, const LabelTable& table)
      : labels_(labels.data<uint8_t>()), ignored_(table.ignored ? *table.ignored : kNone) {
    std::ranges::copy(table.of_label, of_label_);
  }

  // Returns the targets of all regions.
  __device__ Targets of_voxel(int64_t voxel) const {
    const int label = labels_[voxel];
    return {of_label_[label], label != ignored_};
  }
  // Returns those of the pack `index`, where packs have N regions. The first kMostRegions regions have targets.
  template <int N>
  __device__ Targets load(int64_t voxel, int64_t index) const {
    const Targets all = of_voxel(voxel);
    return {all.mask >> static_cast<uint32_t>(index * N), all.counted};
  }

 private:
  static constexpr int kNone = -1;

  const uint8_t* labels_;
  int ignored_;  // label
  uint32_t of_label_[256];
};

}  // namespace revunet::cuda

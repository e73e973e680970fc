#include "io/scores/lesions.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "engine/error.h"
#include "io/scores/components.h"
#include "io/scores/header_precision.h"

namespace revunet::io {
namespace {

// Sets the neighbours by face and edge of a voxel inside the grid.
void set_18_neighbours(std::vector<uint8_t>& mask, const Index3& at, const Index3& size) {
  for (int64_t dz = -1; dz <= 1; ++dz) {
    for (int64_t dy = -1; dy <= 1; ++dy) {
      for (int64_t dx = -1; dx <= 1; ++dx) {
        const Index3 near = {at[0] + dx, at[1] + dy, at[2] + dz};
        bool sets = std::abs(dx) + std::abs(dy) + std::abs(dz) <= 2;
        for (size_t axis = 0; axis < 3; ++axis) sets = sets && near[axis] >= 0 && near[axis] < size[axis];
        if (sets) mask[near[0] + size[0] * (near[1] + size[1] * near[2])] = 1;
      }
    }
  }
}

std::vector<uint8_t> dilated(std::vector<uint8_t> mask, const Index3& size, int times) {
  for (int k = 0; k < times; ++k) {
    const std::vector<uint8_t> before = mask;
    for (int64_t z = 0, i = 0; z < size[2]; ++z) {
      for (int64_t y = 0; y < size[1]; ++y) {
        for (int64_t x = 0; x < size[0]; ++x, ++i) {
          if (before[i] != 0) set_18_neighbours(mask, {x, y, z}, size);
        }
      }
    }
  }
  return mask;
}

// Returns the predicted components that touch each lesion.
std::vector<std::set<int32_t>> touching(const Components& lesions, const Components& predicted) {
  std::vector<std::set<int32_t>> result(lesions.voxels.size());
  for (size_t i = 0; i < lesions.of.size(); ++i) {
    if (lesions.of[i] != 0 && predicted.of[i] != 0) result[lesions.of[i] - 1].insert(predicted.of[i]);
  }
  return result;
}

int64_t untouched(const std::vector<std::set<int32_t>>& touching, int32_t components) {
  std::set<int32_t> all;
  for (const auto& some : touching) all.insert(some.begin(), some.end());
  return components - std::ssize(all);
}

// Returns the part of each component that lies in the mask, under the component's number.
Components within(const std::vector<uint8_t>& mask, Components components) {
  std::fill(components.voxels.begin(), components.voxels.end(), 0);
  for (size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) components.of[i] = 0;
    if (components.of[i] != 0) ++components.voxels[components.of[i] - 1];
  }
  return components;
}

// Adds up the scores of the lesions one by one. Masks are cut to the box that holds a lesion and its prediction.
class LesionComparison {
 public:
  LesionComparison(const std::vector<uint8_t>& reference, const std::vector<uint8_t>& prediction, const Index3& size,
                   const Spacing3& spacing, const LesionRules& rules, const MaskRules& masks)
      : size_(size),
        spacing_(spacing),
        rules_(rules),
        masks_(masks),
        predicted_(connected_components(prediction, size)),
        predicted_boxes_(boxes_of(predicted_, size)) {
    const Components grown = connected_components(dilated(reference, size, rules.dilation), size);
    touching_ = touching(grown, predicted_);
    lesions_ = within(reference, grown);
    lesion_boxes_ = boxes_of(lesions_, size);
    sum_.nsd.resize(masks.nsd_tolerances.size());
  }

  LesionMetrics compare() {
    for (int32_t lesion = 1; lesion <= lesions_.count(); ++lesion) add(lesion, touching_[lesion - 1]);
    sum_.false_positives = untouched(touching_, predicted_.count());
    const auto unmatched = static_cast<double>(sum_.missed + sum_.false_positives);
    const auto count = static_cast<double>(sum_.found) + unmatched;
    if (count == 0) {
      sum_.dice = 1;
      std::fill(sum_.nsd.begin(), sum_.nsd.end(), 1);
      return sum_;
    }
    sum_.dice /= count;
    for (double& nsd : sum_.nsd) nsd /= count;
    sum_.hd95 = (sum_.hd95 + unmatched * hd95_of_unmatched_lesion) / count;
    return sum_;
  }

 private:
  void add(int32_t lesion, const std::set<int32_t>& components) {
    const auto voxels = static_cast<double>(lesions_.voxels[lesion - 1]);
    if (at_most(voxels * spacing_[0] * spacing_[1] * spacing_[2], rules_.min_volume)) {
      ++sum_.ignored;
    } else if (components.empty()) {
      ++sum_.missed;
    } else {
      ++sum_.found;
      MaskBox box = lesion_boxes_[lesion - 1];
      for (const int32_t number : components) box = box_around(box, predicted_boxes_[number - 1]);
      const MaskMetrics metrics =
          compare_masks(mask_in(box, lesions_, {lesion}, size_), mask_in(box, predicted_, components, size_), box.size,
                        spacing_, masks_);
      sum_.dice += metrics.dice;
      sum_.hd95 += metrics.hd95;
      for (size_t i = 0; i < sum_.nsd.size(); ++i) sum_.nsd[i] += metrics.nsd[i];
    }
  }

  Index3 size_;
  Spacing3 spacing_;
  LesionRules rules_;
  MaskRules masks_;
  Components predicted_, lesions_;  // a lesion has the number of its dilated component
  std::vector<MaskBox> predicted_boxes_, lesion_boxes_;
  std::vector<std::set<int32_t>> touching_;  // for each lesion, the predicted components that touch it
  LesionMetrics sum_;
};

}  // namespace

LesionMetrics compare_lesions(std::span<const uint8_t> reference, std::span<const uint8_t> prediction,
                              const Index3& size, const Spacing3& spacing, const LesionRules& rules,
                              const MaskRules& masks) {
  REVUNET_EXPECTS(rules.dilation >= 0 && rules.min_volume >= 0, Error,
                  "[compare_lesions] expected a dilation and a volume of 0 or more, got {} and {}; pass others",
                  rules.dilation, rules.min_volume);
  expect_one_grid(reference, prediction, size, spacing);
  const MaskBox box = bounding_box(reference, prediction, size);
  // The cut is exact: two lesions that grow together outside the box do so inside it too, at the nearest voxel.
  const std::vector<uint8_t> in_reference = crop(reference, box, size), in_prediction = crop(prediction, box, size);
  return LesionComparison(in_reference, in_prediction, box.size, spacing, rules, masks).compare();
}

}  // namespace revunet::io

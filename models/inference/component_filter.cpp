#include "models/inference/component_filter.h"

#include <algorithm>
#include <numeric>

#include "io/scores/components.h"
#include "io/scores/header_precision.h"

namespace revunet {

namespace {

// Returns whether each component stays.
std::vector<bool> kept(const io::Components& components, double voxel_volume, const ComponentFilter& filter) {
  std::vector<size_t> by_size(components.voxels.size());
  std::iota(by_size.begin(), by_size.end(), size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](size_t a, size_t b) { return components.voxels[a] > components.voxels[b]; });
  std::vector<bool> keeps(by_size.size());
  for (size_t rank = 0; rank < by_size.size(); ++rank) {
    const auto volume = static_cast<double>(components.voxels[by_size[rank]]) * voxel_volume;
    const bool among_largest = !filter.keep || static_cast<int64_t>(rank) < *filter.keep;
    keeps[by_size[rank]] = among_largest && io::at_least(volume, filter.min_volume);
  }
  return keeps;
}

// Returns the label of a voxel that leaves `region`: that of its last other region whose label adds no region.
uint8_t label_without(const io::Task& task, uint8_t label, size_t region) {
  const io::RegionSet inside = task.regions_of(label);
  for (size_t r = task.regions().size(); r-- > 0;) {
    const uint8_t written = task.regions()[r].written;
    const io::RegionSet gets = task.regions_of(written);
    if (inside[r] && !gets.test(region) && (gets & ~inside).none()) return written;
  }
  return 0;
}

}  // namespace

void filter_components(std::vector<uint8_t>& labels, const io::Task& task, const io::Index3& size, double voxel_volume,
                       const ComponentFilter& filter) {
  if (!filter.removes()) return;
  for (size_t region = 0; region < task.regions().size(); ++region) {
    std::vector<uint8_t> mask(labels.size());
    std::transform(labels.begin(), labels.end(), mask.begin(),
                   [&](uint8_t label) { return task.regions_of(label).test(region); });
    const io::Components components = io::connected_components(mask, size);
    const std::vector<bool> keeps = kept(components, voxel_volume, filter);
    for (size_t i = 0; i < labels.size(); ++i) {
      const bool removed = components.of[i] != 0 && !keeps[components.of[i] - 1];
      if (removed) labels[i] = label_without(task, labels[i], region);
    }
  }
}

}  // namespace revunet

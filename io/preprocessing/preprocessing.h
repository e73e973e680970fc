// From a case's volumes to the network's input, and from the network's output back to the case's grid.
//
// Non-obvious rule: the network's D, H, W are the file's x, y, z. Files hold x fastest; everything preprocessed is
// row-major (X, Y, Z, C), channel fastest: index = ((x * Y + y) * Z + z) * C + c.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "io/dataset/dataset.h"
#include "io/nifti/volume_size.h"

namespace revunet::io {

constexpr Size3 default_field_of_view = {160, 192, 160};  // the paper's (arXiv 1906.06148): holds most whole brains

// The smallest box that holds every voxel that is not zero in all modalities.
struct BrainBox {
  Size3 low{};
  Size3 high{};  // exclusive
};

// DataError for volumes that are zero everywhere.
BrainBox brain_box(const CaseVolumes& volumes);

// Where preprocessed voxels come from: along each axis, voxel destination_offset + i of the output is voxel
// box_low + source_offset + i of the file, for 0 <= i < extent. The rest of the output is padding.
struct Placement {
  Size3 size{};                // of the output
  Size3 box_low{};             // first voxel of the non-zero box, in the file
  Size3 source_offset{};       // first voxel kept, from box_low
  Size3 destination_offset{};  // where it goes in the output
  Size3 extent{};              // voxels kept
};

// Statistics of one modality over its non-zero voxels within the output.
struct ModalityStatistics {
  int64_t nonzero = 0;
  double mean = 0;
  double deviation = 0;  // of the population
  float least = 0;
  float greatest = 0;
};

struct Preprocessed {
  std::vector<float> image;     // (X, Y, Z, modality_count)
  std::vector<uint8_t> labels;  // (X, Y, Z); empty for a case without
  Placement placement;
  Size3 cut{};         // voxels of the brain's box that did not fit, along each axis: for tools to report
  Size3 cropped_at{};  // that of the volumes, which the placement is in
  std::array<ModalityStatistics, modality_count> statistics{};
};

// Voxels along each axis of the smallest box that holds every voxel that is non-zero in any modality: the field of view
// that cuts nothing. DataError for volumes that are zero everywhere.
Size3 brain_extent(const CaseVolumes& volumes);

// The smallest box that holds every voxel that is non-zero in any modality (non-zero, not positive: interpolation
// leaves negative voxels in brains), cropped or padded with zeros about its centre to `size`; then each modality minus
// its mean and divided by its population deviation, both over its own non-zero voxels of the output; zeros stay zero.
// Sums are in double, two passes, in the output's order: the same at any thread count.
// A modality that is missing stays zero, its statistics too.
// DataError naming the case for volumes that are zero everywhere and, with the modality, for one that is zero or
// constant there and not missing; UsageError for a size that is not positive.
Preprocessed preprocess(const CaseVolumes& volumes, const Size3& size = default_field_of_view);

// Sets labels (X, Y, Z) of the output's size to 0 outside the placement, where the output is padding: no voxel of the
// file is there. Error if sizes do not match.
void clear_padding(std::span<uint8_t> labels, const Placement& placement);

// Labels (X, Y, Z) of the output's size -> labels of the file's size and order, x fastest; zero outside the placement.
// Error if sizes do not match.
std::vector<uint8_t> paste_labels_back(std::span<const uint8_t> labels, const Placement& placement,
                                       const Size3& file_size);

// The same for (X, Y, Z, channels) floats -> x fastest, then y, z, channel: the frames of a 4-D NIfTI image.
std::vector<float> paste_channels_back(std::span<const float> values, int64_t channels, const Placement& placement,
                                       const Size3& file_size);

}  // namespace revunet::io

// This file goes from a case's volumes to the network's input, and from the network's output back to the case's grid.
//
// Non-obvious rule: the network's D, H, W are the file's x, y, z. Files hold x fastest. Everything preprocessed is
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

// A NonzeroBox is the smallest box that holds every voxel that is not zero in all modalities.
struct NonzeroBox {
  Size3 low{};
  Size3 high{};  // exclusive

  Size3 extent() const { return {high[0] - low[0], high[1] - low[1], high[2] - low[2]}; }
};

// Returns the box, which is the whole grid of volumes that were cut to it. Throws DataError for volumes that
// are zero everywhere.
NonzeroBox nonzero_box(const CaseVolumes& volumes);

// A Placement says where preprocessed voxels come from. Along each axis, voxel destination_offset + i of the output is
// voxel box_low + source_offset + i of the case's volumes, for 0 <= i < extent. The rest of the output is padding.
struct Placement {
  Size3 size{};                // of the output
  Size3 box_low{};             // first voxel of the non-zero box
  Size3 source_offset{};       // first voxel kept, from box_low
  Size3 destination_offset{};  // where it goes in the output
  Size3 extent{};              // voxels kept
};

// These are the statistics of one modality within the output, over the voxels that count for its normalisation.
struct ModalityStatistics {
  int64_t count = 0;
  double mean = 0;       // what was subtracted
  double deviation = 0;  // of the population: what the differences were divided by
  float least = 0;
  float greatest = 0;
};

struct Preprocessed {
  TaskPointer task;
  std::vector<float> image;     // (X, Y, Z, channels), whose channels are the task's modalities
  std::vector<uint8_t> labels;  // (X, Y, Z); empty for a case without labels
  Placement placement;
  Size3 cut{};                                 // voxels of the box that did not fit, along each axis; tools report them
  Size3 cropped_at{};                          // that of the volumes, which the placement is in
  std::vector<ModalityStatistics> statistics;  // of each modality

  int64_t channels() const { return std::ssize(task->modalities()); }
};

// Returns the voxels along each axis of the smallest box that holds every voxel that is non-zero in any modality, which
// is the field of view that cuts nothing. Throws DataError for volumes that are zero everywhere.
Size3 nonzero_extent(const CaseVolumes& volumes);

// Takes the smallest box that holds every voxel that is non-zero in any modality (non-zero, not positive, because
// interpolation leaves negative voxels in brains). Crops it, or pads it with zeros, about its centre to `size`. Then
// normalises each modality as the task says (io/task/normalisation.h): most often it subtracts its mean and divides by
// its population deviation, both over its own non-zero voxels of the output, so that zeros stay zero. The padding is
// zero in any case. Sums are in double, two passes, in the output's order, so they are the same at any thread count. A
// missing modality stays zero, and so do its statistics. Throws DataError with the case for volumes that are zero
// everywhere and, with the modality, for one that is zero or constant there and not missing. Throws UsageError for a
// size that is not positive, and Error for labels that the task lacks and for a normalisation that waits for a
// fingerprint.
Preprocessed preprocess(const CaseVolumes& volumes, const Size3& size = default_field_of_view);

// Sets labels (X, Y, Z) of the output's size to 0 in the output's padding, where the file has no voxel. Throws Error if
// sizes do not match.
void clear_padding(std::span<uint8_t> labels, const Placement& placement);

// Turns labels (X, Y, Z) of the output's size into labels of the volumes' size, x fastest. They are zero
// outside the placement. Throws Error if sizes do not match.
std::vector<uint8_t> paste_labels_back(std::span<const uint8_t> labels, const Placement& placement,
                                       const Size3& volume_size);

// Does the same for (X, Y, Z, channels) floats. The result is x fastest, then y, z, channel: the frames of a 4-D NIfTI
// image.
std::vector<float> paste_channels_back(std::span<const float> values, int64_t channels, const Placement& placement,
                                       const Size3& volume_size);

}  // namespace revunet::io

// This file makes synthetic BraTS cases: a brain of seeded anatomy with a glioma, as four MRI modalities and a
// segmentation.
//
// Non-obvious rule: a case depends on size, seed and index alone, and neither on the number of threads nor on other
// cases.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/dataset/dataset.h"

namespace revunet::io {

inline constexpr int64_t smallest_phantom = 32;   // voxels per side; below, the enhancing rim is too thin
inline constexpr int64_t largest_phantom = 1024;  // voxels per side

struct PhantomCase {
  std::array<int64_t, 3> size;                     // voxels along x, y, z, of 1 mm
  std::array<std::vector<int16_t>, 4> modalities;  // BraTS's; x fastest; 0 outside the brain
  std::vector<uint8_t> labels;                     // 0, 1 necrotic or not enhancing, 2 oedema, 4 enhancing
};

// One case in five has a tumour that does not enhance: those of index 3, 8, 13, ... counted from 0.
bool phantom_enhances(int64_t index);

// Throws UsageError if a side is not in smallest_phantom..largest_phantom.
void check_phantom_size(const std::array<int64_t, 3>& size);

// Throws as check_phantom_size does. Takes 9 bytes of memory per voxel.
PhantomCase make_phantom(const std::array<int64_t, 3>& size, uint64_t seed, int64_t index);

// Returns "Phantom_001" for index 0.
std::string phantom_name(int64_t index);

// Writes <folder>/<name>/<name>_{t1,t1ce,t2,flair,seg}.nii.gz. Throws DataError if <folder>/<name> exists already.
void write_phantom(const std::filesystem::path& folder, const std::string& name, const PhantomCase& phantom);

}  // namespace revunet::io

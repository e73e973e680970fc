// Writes small images and segmentations for datasets whose voxels a test decides.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "tests/io/test_files.h"

namespace revunet::test {

struct SmallGrid {
  std::array<int64_t, 3> size;
  std::array<double, 3> spacing = {1, 1, 1};  // mm
  std::vector<double> srow = {};              // empty: axes of the world
};

// Returns value(x, y, z) of each voxel, x fastest, as files have them.
template <class Voxel, class Value>
std::vector<Voxel> voxels_of(const SmallGrid& grid, Value value) {
  std::vector<Voxel> voxels;
  for (int64_t z = 0; z < grid.size[2]; ++z) {
    for (int64_t y = 0; y < grid.size[1]; ++y) {
      for (int64_t x = 0; x < grid.size[0]; ++x) voxels.push_back(static_cast<Voxel>(value(x, y, z)));
    }
  }
  return voxels;
}

// Returns values from 100 to 110 that differ from voxel to voxel, and from case to case.
inline int64_t noise(int64_t x, int64_t y, int64_t z, int64_t number = 0) {
  return 100 + (x * 7 + y * 13 + z * 5 + number) % 11;
}

inline void put_on(const SmallGrid& grid, NiftiBytes& file) {
  file.dims({grid.size[0], grid.size[1], grid.size[2]});
  for (int axis = 0; axis < 3; ++axis) file.pixdim(axis + 1, grid.spacing[static_cast<size_t>(axis)]);
  if (!grid.srow.empty()) file.srow(grid.srow);
}

template <class Value>
void write_image(const std::filesystem::path& path, const SmallGrid& grid, Value value) {
  NiftiBytes file;
  put_on(grid, file);
  file.fill(voxels_of<int16_t>(grid, value));
  make_file(path, file.bytes());
}

template <class Label>
void write_segmentation(const std::filesystem::path& path, const SmallGrid& grid, Label label) {
  NiftiBytes file;
  put_on(grid, file);
  file.datatype(2, 8);
  file.fill(voxels_of<uint8_t>(grid, label));
  make_file(path, file.bytes());
}

}  // namespace revunet::test

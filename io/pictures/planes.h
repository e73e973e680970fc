// This file cuts planes through a volume, as radiologists look at them: axial from the feet, and coronal from the
// front, so that the patient's right is on the left; sagittal with the face to the left. Head or face are up.
//
// Non-obvious rule: voxel axes are taken for the nearest axes of the patient, and nothing is resampled.
#pragma once

#include <array>
#include <vector>

#include "io/nifti/nifti.h"
#include "io/pictures/volume.h"

namespace revunet::io {

// For the patient's axes right-left, anterior-posterior and superior-inferior (NIfTI's x, y, z), this has the voxel
// axis along each, and whether its index rises with NIfTI's coordinate: towards right, anterior, superior.
struct PatientAxes {
  std::array<size_t, 3> voxel_axis{};
  std::array<bool, 3> rises{};
};
// Returns the axes of BraTS where the file does not say how it lies.
PatientAxes patient_axes(const Grid& grid);

enum class Plane { axial, coronal, sagittal };
inline constexpr std::array kPlanes = {Plane::axial, Plane::coronal, Plane::sagittal};
inline constexpr std::array kPlaneNames = {"axial", "coronal", "sagittal"};

// The box has the voxels low <= voxel < high.
struct VoxelBox {
  Size3 low{}, high{};
};

// Returns the smallest box with all voxels that are not zero, and `margin` around it within the volume. Returns the
// whole volume where all are zero.
VoxelBox nonzero_box(const VolumeView<float>& image, int64_t margin);

// A Slice says where its pixels lie: pixel (column, row) is voxel origin + column * right + row * down.
struct Slice {
  size_t voxel_axis = 0;  // the plane is perpendicular to it
  Size3 origin{}, right{}, down{};
  int64_t width = 0, height = 0;                 // pixels
  double pixel_width = 0, pixel_height = 0;      // mm
  const char *left_mark = "", *right_mark = "";  // the patient's sides: R, L, A, P

  double width_mm() const { return static_cast<double>(width) * pixel_width; }
  double height_mm() const { return static_cast<double>(height) * pixel_height; }
};

// Returns the part within `box` of the plane through `voxel`.
Slice slice_of(Plane plane, const PatientAxes& axes, const VoxelBox& box, const Size3& voxel,
               const std::array<double, 3>& spacing);

// Returns, along each voxel axis, the index with the most voxels that lie in a region, the first of several. Where
// there is none, returns the centre of `box`.
Size3 largest_region_slices(const Task& task, const VolumeView<uint8_t>& labels, const VoxelBox& box);

// Returns the voxels row after row.
template <class T>
std::vector<T> pixels_of(const VolumeView<T>& volume, const Slice& s) {
  std::vector<T> pixels;
  for (int64_t row = 0; row < s.height; ++row) {
    for (int64_t column = 0; column < s.width; ++column) {
      Size3 voxel = s.origin;
      for (size_t axis = 0; axis < 3; ++axis) voxel[axis] += column * s.right[axis] + row * s.down[axis];
      pixels.push_back(volume.at(voxel));
    }
  }
  return pixels;
}

}  // namespace revunet::io

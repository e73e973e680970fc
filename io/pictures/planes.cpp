#include "io/pictures/planes.h"

#include <algorithm>

#include "io/nifti/orientation.h"

namespace revunet::io {

namespace {

// Calls visit(voxel) for each voxel of a volume.
template <class Visit>
void for_each_voxel(const Size3& size, Visit visit) {
  for (int64_t x = 0; x < size[0]; ++x)
    for (int64_t y = 0; y < size[1]; ++y)
      for (int64_t z = 0; z < size[2]; ++z) visit(Size3{x, y, z});
}

// PlaneAxes are the patient's axes along a plane's rows and columns. Pictures go down both, starting at right, anterior
// and superior.
struct PlaneAxes {
  size_t columns, rows, through;
};
PlaneAxes axes_of(Plane plane) {
  switch (plane) {
    case Plane::axial:
      return {0, 1, 2};
    case Plane::coronal:
      return {0, 2, 1};
    case Plane::sagittal:
      return {1, 2, 0};
  }
  return {};
}

}  // namespace

PatientAxes patient_axes(const Grid& grid) {
  const Orientation lps = orientation_of(grid);  // in LPS, right and anterior run the other way
  return {lps.axis, {lps.backwards[0], lps.backwards[1], !lps.backwards[2]}};
}

VoxelBox nonzero_box(const VolumeView<float>& image, int64_t margin) {
  VoxelBox box{image.size, {}};
  for_each_voxel(image.size, [&](const Size3& voxel) {
    if (image.at(voxel) == 0) return;
    for (size_t axis = 0; axis < 3; ++axis) {
      box.low[axis] = std::min(box.low[axis], voxel[axis]);
      box.high[axis] = std::max(box.high[axis], voxel[axis] + 1);
    }
  });
  if (box.high[0] == 0) return {{}, image.size};
  for (size_t axis = 0; axis < 3; ++axis) {
    box.low[axis] = std::max<int64_t>(box.low[axis] - margin, 0);
    box.high[axis] = std::min(box.high[axis] + margin, image.size[axis]);
  }
  return box;
}

Slice slice_of(Plane plane, const PatientAxes& axes, const VoxelBox& box, const Size3& voxel,
               const std::array<double, 3>& spacing) {
  const PlaneAxes patient = axes_of(plane);
  const size_t columns = axes.voxel_axis[patient.columns], rows = axes.voxel_axis[patient.rows];
  Slice s;
  s.voxel_axis = axes.voxel_axis[patient.through];
  s.origin[s.voxel_axis] = voxel[s.voxel_axis];
  // Where an index rises towards right, anterior or superior, the picture begins at its end.
  const auto begin_at = [&](size_t patient_axis, size_t axis, Size3& direction) {
    const bool rises = axes.rises[patient_axis];
    s.origin[axis] = rises ? box.high[axis] - 1 : box.low[axis];
    direction[axis] = rises ? -1 : 1;
  };
  begin_at(patient.columns, columns, s.right);
  begin_at(patient.rows, rows, s.down);
  s.width = box.high[columns] - box.low[columns];
  s.height = box.high[rows] - box.low[rows];
  s.pixel_width = spacing[columns];
  s.pixel_height = spacing[rows];
  s.left_mark = plane == Plane::sagittal ? "A" : "R";
  s.right_mark = plane == Plane::sagittal ? "P" : "L";
  return s;
}

Size3 largest_region_slices(const Task& task, const VolumeView<uint8_t>& labels, const VoxelBox& box) {
  std::array<std::vector<int64_t>, 3> areas;
  for (size_t axis = 0; axis < 3; ++axis) areas[axis].resize(static_cast<size_t>(labels.size[axis]));
  bool any = false;
  for_each_voxel(labels.size, [&](const Size3& voxel) {
    if (task.regions_of(labels.at(voxel)).none()) return;
    any = true;
    for (size_t axis = 0; axis < 3; ++axis) ++areas[axis][static_cast<size_t>(voxel[axis])];
  });
  Size3 result{};
  for (size_t axis = 0; axis < 3; ++axis) {
    result[axis] =
        any ? std::ranges::max_element(areas[axis]) - areas[axis].begin() : (box.low[axis] + box.high[axis]) / 2;
  }
  return result;
}

}  // namespace revunet::io

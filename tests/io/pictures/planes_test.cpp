// Tests what pictures show: orientation, slices and outlines.

#include <cmath>

#include "io/pictures/contour.h"
#include "io/pictures/planes.h"
#include "tests/support/catch.h"

using namespace revunet;

namespace {

// This is a volume of 4 x 5 x 6 voxels whose values say where they are: 100 x + 10 y + z + 1000.
struct Numbered {
  io::Size3 size = {4, 5, 6};
  std::vector<float> voxels;
  Numbered() {
    for (int64_t z = 0; z < 6; ++z)
      for (int64_t y = 0; y < 5; ++y)
        for (int64_t x = 0; x < 4; ++x) voxels.push_back(static_cast<float>(1000 + 100 * x + 10 * y + z));
  }
  io::VolumeView<float> view() const { return io::in_file_order(std::span(voxels), size); }
};

Eigen::Matrix4d diagonal(double x, double y, double z) {
  return Eigen::Vector4d(x, y, z, 1).asDiagonal();
}

io::PatientAxes axes_of(const Eigen::Matrix4d& affine) {
  io::Grid grid;
  grid.affine = affine;
  return io::patient_axes(grid);
}

struct Corners {
  float top_left, top_right, bottom_left, bottom_right;
  bool operator==(const Corners&) const = default;
};
Corners corners(const Eigen::Matrix4d& affine, io::Plane plane) {
  const Numbered numbered;
  const io::Slice s = io::slice_of(plane, axes_of(affine), {{0, 0, 0}, numbered.size}, {1, 2, 3}, {1, 2, 3});
  const std::vector<float> pixels = io::pixels_of(numbered.view(), s);
  const auto w = static_cast<size_t>(s.width), h = static_cast<size_t>(s.height);
  REQUIRE(pixels.size() == w * h);
  return {pixels[0], pixels[w - 1], pixels[(h - 1) * w], pixels[w * h - 1]};
}

// Returns twice the area of a polygon, by the shoelace formula.
double twice_area(const std::vector<io::PlanePoint>& polygon) {
  double sum = 0;
  for (size_t i = 0; i < polygon.size(); ++i) {
    const io::PlanePoint &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
    sum += a.x * b.y - b.x * a.y;
  }
  return std::abs(sum);
}
double area_of(const io::Contour& contour) {
  double sum = 0;
  for (const auto& polygon : contour.areas) sum += twice_area(polygon) / 2;
  return sum;
}
double length_of(const io::Contour& contour) {
  double sum = 0;
  for (const auto& loop : contour.loops) {
    for (size_t i = 0; i < loop.size(); ++i) {
      const io::PlanePoint &a = loop[i], &b = loop[(i + 1) % loop.size()];
      sum += std::hypot(a.x - b.x, a.y - b.y);
    }
  }
  return sum;
}

}  // namespace

// NIfTI's x, y, z rise towards the patient's right, anterior and superior. Radiologists see the right on the left.
TEST_CASE("slices lie as radiologists see them, whatever the file's orientation", "[view]") {
  // In RAS, index 0 is left, posterior, inferior.
  CHECK(corners(diagonal(1, 1, 1), io::Plane::axial) == Corners{1343, 1043, 1303, 1003});
  CHECK(corners(diagonal(1, 1, 1), io::Plane::coronal) == Corners{1325, 1025, 1320, 1020});
  CHECK(corners(diagonal(1, 1, 1), io::Plane::sagittal) == Corners{1145, 1105, 1140, 1100});
  // In LPS, as in BraTS's files, index 0 is right, anterior, inferior.
  CHECK(corners(diagonal(-1, -1, 1), io::Plane::axial) == Corners{1003, 1303, 1043, 1343});
  CHECK(corners(diagonal(-1, -1, 1), io::Plane::coronal) == Corners{1025, 1325, 1020, 1320});
  CHECK(corners(diagonal(-1, -1, 1), io::Plane::sagittal) == Corners{1105, 1145, 1100, 1140});
  // Voxel axes z, x, y lie along the patient's x, y, z, a few degrees off.
  Eigen::Matrix4d permuted = Eigen::Matrix4d::Zero();
  permuted(0, 2) = 3, permuted(1, 0) = 1, permuted(2, 1) = 2, permuted(0, 0) = 0.1, permuted(1, 2) = -0.2;
  CHECK(axes_of(permuted).voxel_axis == std::array<size_t, 3>{2, 0, 1});
  const io::Slice axial =
      io::slice_of(io::Plane::axial, axes_of(permuted), {{0, 0, 0}, {4, 5, 6}}, {1, 2, 3}, {1, 2, 3});
  CHECK(axial.voxel_axis == 1);
  CHECK(axial.width_mm() == 18);
  CHECK(axial.height_mm() == 4);
}

TEST_CASE("slices go through the largest part of the tumour, and show the brain", "[view]") {
  std::vector<uint8_t> labels(4 * 5 * 6);
  const auto view = io::in_file_order(std::span<const uint8_t>(labels), {4, 5, 6});
  const io::VoxelBox box{{0, 0, 0}, {4, 5, 6}};
  CHECK(io::largest_region_slices(*io::brats_task(), view, box) == io::Size3{2, 2, 3});  // none: the centre
  const auto set = [&](int64_t x, int64_t y, int64_t z) { labels[static_cast<size_t>(x + 4 * (y + 5 * z))] = 2; };
  set(1, 4, 2), set(1, 3, 2), set(1, 4, 5), set(0, 4, 1);  // most at x = 1, y = 4, z = 2
  CHECK(io::largest_region_slices(*io::brats_task(), view, box) == io::Size3{1, 4, 2});

  Numbered numbered;
  for (float& v : numbered.voxels) v = 0;
  numbered.voxels[1 + 4 * (2 + 5 * 3)] = -7;
  const io::VoxelBox tight = io::nonzero_box(numbered.view(), 1);
  CHECK(tight.low == io::Size3{0, 1, 2});
  CHECK(tight.high == io::Size3{3, 4, 5});
  CHECK(io::nonzero_box(numbered.view(), 9).high == numbered.size);
  // The other memory order shows the same: element (x, y, z, c) of (4, 5, 6, 2).
  std::vector<float> last(4 * 5 * 6 * 2);
  last[static_cast<size_t>((((1 * 5) + 2) * 6 + 3) * 2 + 1)] = 5;
  CHECK(io::channel_of(std::span<const float>(last), {4, 5, 6}, 2, 1).at({1, 2, 3}) == 5);
}

TEST_CASE("outlines of masks have the areas and lengths of geometry", "[view]") {
  const auto contour = [](std::initializer_list<uint8_t> mask, int64_t width) {
    const std::vector<uint8_t> pixels(mask);
    return io::contour_of(pixels, width, static_cast<int64_t>(pixels.size()) / width);
  };
  // A pixel is a diamond. A square of n pixels is n x n without four corners of 1/8.
  CHECK(area_of(contour({1}, 1)) == Approx(0.5));
  CHECK(length_of(contour({1}, 1)) == Approx(4 * std::sqrt(0.5)));
  const io::Contour square = contour({0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0}, 5);
  CHECK(area_of(square) == Approx(9 - 4 * 0.125));
  CHECK(length_of(square) == Approx(4 * 2 + 4 * std::sqrt(0.5)));
  // A hole is an edge too, and is not filled. Two pixels that touch at a corner are joined.
  const io::Contour ring = contour({1, 1, 1, 1, 0, 1, 1, 1, 1}, 3);
  CHECK(area_of(ring) == Approx(9 - 4 * 0.125 - 0.5));
  CHECK(length_of(ring) == Approx(4 * 2 + 8 * std::sqrt(0.5)));
  CHECK(square.loops.size() == 1);
  CHECK(ring.loops.size() == 2);
  CHECK(area_of(contour({1, 0, 0, 1}, 2)) == Approx(2 * 0.5 + 0.5));
  CHECK(contour({1, 0, 0, 1}, 2).loops.size() == 1);
  CHECK(contour({1, 0, 1}, 3).loops.size() == 2);
  CHECK(contour({0, 0, 0, 0}, 2).areas.empty());
}

// Tests grids: when two are the same, and how far their axes are off right angles.
#include "io/nifti/grid.h"

#include <cmath>

#include "tests/support/catch.h"

using Catch::Matchers::WithinAbs;
using namespace revunet;

TEST_CASE("grids agree where no corner moves by more than a hundredth of a voxel") {
  io::Grid a{.size = {101, 3, 2}, .spacing = {2, 1, 1}, .affine = Eigen::Matrix4d::Identity()};
  a.affine(0, 0) = 2;  // mm a voxel along x
  io::Grid b = a;
  b.affine(0, 3) = 0.018;
  CHECK(io::corner_displacement(a, b) == Approx(0.009));
  CHECK(io::same_grid(a, b));
  b.affine(0, 3) = 0.022;
  CHECK_FALSE(io::same_grid(a, b));
  b = a;
  b.affine(1, 0) = 0.0004;  // a shear moves the far corners by 100 times as much
  CHECK(io::corner_displacement(a, b) == Approx(0.04));
  CHECK_FALSE(io::same_grid(a, b));
  b = a;
  b.affine.array() += 1e-8;
  b.affine.row(3) = a.affine.row(3);
  CHECK(io::same_grid(a, b));
  b = a;
  b.size[2] = 3;
  CHECK_FALSE(io::same_grid(a, b));
  b = a;
  b.affine.setZero();
  CHECK_FALSE(io::same_grid(b, a));
  CHECK(io::same_grid(b, b));
}

TEST_CASE("the skew of a grid is its largest angle off a right one") {
  io::Grid grid;
  grid.affine.setIdentity();
  grid.spacing = {1, 1, 1};
  CHECK(io::skew_of(grid) == 0);
  CHECK(io::voxel_volume(grid) == 1);
  grid.affine(0, 1) = 0.5;
  grid.spacing[1] = std::sqrt(1.25);
  CHECK_THAT(io::skew_of(grid), WithinAbs(26.5650512, 1e-6));
  CHECK_THAT(io::voxel_volume(grid), WithinAbs(1, 1e-12));  // not 1.118, the product of the spacings
  grid.affine(0, 1) = 1e-7;                                 // the rounding of a header
  CHECK(io::skew_of(grid) < io::least_skew);
  grid.affine(0, 1) = 0, grid.affine(1, 2) = -0.0018;
  CHECK_THAT(io::skew_of(grid), WithinAbs(0.1031, 1e-4));
  // Rotated axes are at right angles.
  grid.affine << 0.6, -0.8, 0, 3, 0.8, 0.6, 0, 4, 0, 0, 1, 5, 0, 0, 0, 1;
  CHECK(io::skew_of(grid) < 1e-6);
}

// Tests orientations against nifticlib's, and that voxels are at their places in the world whatever order a file has.
#include "io/nifti/orientation.h"

#include <nifti2_io.h>

#include <random>
#include <string>

#include <Eigen/Geometry>

#include "io/dataset/dataset.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;

namespace {

// Returns the axes of files that go along those of the world, in any order and either way: all 48.
std::vector<Eigen::Matrix3d> all_turns() {
  std::vector<Eigen::Matrix3d> turns;
  std::array<int, 3> axes = {0, 1, 2};
  do {
    for (int signs = 0; signs < 8; ++signs) {
      Eigen::Matrix3d turn = Eigen::Matrix3d::Zero();
      for (int a = 0; a < 3; ++a) turn(axes[static_cast<size_t>(a)], a) = (signs >> a & 1) != 0 ? -1 : 1;
      turns.push_back(turn);
    }
  } while (std::next_permutation(axes.begin(), axes.end()));
  return turns;
}

io::Grid grid_of(const Eigen::Matrix3d& directions, const std::array<int64_t, 3>& size = {5, 4, 3}) {
  io::Grid grid{.size = size, .spacing = {1, 2, 3}, .affine = Eigen::Matrix4d::Identity()};
  grid.affine.topLeftCorner<3, 3>() = directions * Eigen::Vector3d(1, 2, 3).asDiagonal();
  grid.affine.col(3).head<3>() = Eigen::Vector3d(-7, 11, 5);
  return grid;
}

// Returns nifticlib's letters for the three axes. NIFTI_L2R means that the index grows from left to right.
std::string code_by_nifticlib(const io::Grid& grid) {
  nifti_dmat44 matrix;
  for (int r = 0; r < 4; ++r) {
    for (int c = 0; c < 4; ++c) matrix.m[r][c] = grid.affine(r, c);
  }
  std::array<int, 3> codes{};
  nifti_dmat44_to_orientation(matrix, &codes[0], &codes[1], &codes[2]);
  std::string letters;
  for (const int code : codes) {
    letters += code == NIFTI_L2R   ? 'R'
               : code == NIFTI_R2L ? 'L'
               : code == NIFTI_P2A ? 'A'
               : code == NIFTI_A2P ? 'P'
               : code == NIFTI_I2S ? 'S'
                                   : 'I';
  }
  return letters;
}

// Returns a distinct value for each point of the world within reach.
int16_t value_at(const Eigen::Vector4d& world) {
  return static_cast<int16_t>(std::lround(world(0)) * 400 + std::lround(world(1)) * 20 + std::lround(world(2)));
}

}  // namespace

TEST_CASE("orientations are nifticlib's, also of oblique grids") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> angle(-0.3, 0.3);
  for (const Eigen::Matrix3d& turn : all_turns()) {
    const Eigen::Matrix3d tilt = (Eigen::AngleAxisd(angle(random), Eigen::Vector3d::UnitX()) *
                                  Eigen::AngleAxisd(angle(random), Eigen::Vector3d::UnitY()) *
                                  Eigen::AngleAxisd(angle(random), Eigen::Vector3d::UnitZ()))
                                     .toRotationMatrix();
    CHECK(io::orientation_code(grid_of(turn)) == code_by_nifticlib(grid_of(turn)));
    CHECK(io::orientation_code(grid_of(tilt * turn)) == code_by_nifticlib(grid_of(tilt * turn)));
  }
}

TEST_CASE("voxels in BraTS's order keep their values and places, and go back to the file's order") {
  for (const Eigen::Matrix3d& turn : all_turns()) {
    const io::Grid file = grid_of(turn);
    std::vector<int16_t> voxels;
    for (int64_t z = 0; z < file.size[2]; ++z) {
      for (int64_t y = 0; y < file.size[1]; ++y) {
        for (int64_t x = 0; x < file.size[0]; ++x) {
          voxels.push_back(value_at(file.affine * Eigen::Vector4d(static_cast<double>(x), static_cast<double>(y),
                                                                  static_cast<double>(z), 1)));
        }
      }
    }
    const io::Orientation orientation = io::orientation_of(file);
    const io::Grid grid = io::oriented_grid(file, orientation);
    CHECK(io::orientation_code(grid) == "LPS");
    const std::vector<int16_t> oriented = io::to_brats_order<int16_t>(voxels, file.size, orientation);
    int64_t misplaced = 0;
    size_t voxel = 0;
    for (int64_t z = 0; z < grid.size[2]; ++z) {
      for (int64_t y = 0; y < grid.size[1]; ++y) {
        for (int64_t x = 0; x < grid.size[0]; ++x) {
          const Eigen::Vector4d at(static_cast<double>(x), static_cast<double>(y), static_cast<double>(z), 1);
          misplaced += oriented[voxel++] != value_at(grid.affine * at);
        }
      }
    }
    CHECK(misplaced == 0);
    for (size_t i = 0; i < 3; ++i) {
      CHECK(grid.affine.col(static_cast<int>(i)).head<3>().norm() == Approx(grid.spacing[i]));
    }
    CHECK(io::to_file_order<int16_t>(oriented, file.size, orientation) == voxels);
  }
}

TEST_CASE("a file that does not say how it lies keeps its order") {
  const TemporaryFolder folder;
  const io::Grid grid = io::read_nifti(write_bytes(folder / "a.nii", ramp_image().bytes())).grid;
  CHECK_FALSE(grid.oriented);
  CHECK(io::orientation_of(grid).identity());
  CHECK(io::orientation_code(grid) == "unknown");
}

TEST_CASE("a case's frames and labels are brought into BraTS's orientation") {
  const TemporaryFolder folder;
  // There are two voxels along each axis. x goes to the right, so that each row is reversed, y to the back and z up.
  NiftiBytes image;
  image.dims({2, 2, 2, 4});
  image.srow({1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0});
  std::vector<int16_t> voxels(32);
  for (size_t v = 0; v < 32; ++v) voxels[v] = static_cast<int16_t>(v);
  image.fill(voxels);
  io::CaseFiles files("a", io::LabelProfile::brats());
  for (int64_t m = 0; m < 4; ++m) {
    files.modalities[static_cast<size_t>(m)] = {write_bytes(folder / "a.nii", image.bytes()), m, 4};
  }
  NiftiBytes labels;
  labels.dims({2, 2, 2});
  labels.srow({1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0});
  labels.datatype(2, 8);
  labels.fill(std::vector<uint8_t>{1, 0, 2, 0, 4, 0, 0, 0});
  files.segmentation = write_bytes(folder / "seg.nii", labels.bytes());
  const io::CaseVolumes volumes = io::load_case(files);
  CHECK(volumes.modalities[2] == std::vector<float>{17, 16, 19, 18, 21, 20, 23, 22});
  CHECK(volumes.labels == std::vector<uint8_t>{0, 1, 0, 2, 0, 4, 0, 0});
  CHECK(io::orientation_code(volumes.file_grid) == "RPS");
  CHECK(io::orientation_code(volumes.grid) == "LPS");
}

// Tests resampling against SciPy's values and closed forms.
//
// Expected values are those of scipy.ndimage.zoom(array, factors, order, mode="nearest", grid_mode=True), SciPy 1.17,
// for the arrays of image() and labels() indexed as [x, y, z], printed with x fastest. For labels, each is zoomed as a
// mask with order 1, and numpy.argmax takes the greatest.
#include "io/preprocessing/resampling.h"

#include <cmath>

#include "engine/error.h"
#include "io/preprocessing/resampled_case.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr io::Size3 from = {6, 5, 4}, to = {4, 7, 3};

template <class T, class F>
std::vector<T> filled(const io::Size3& size, F value) {
  std::vector<T> voxels;
  for (int64_t z = 0; z < size[2]; ++z) {
    for (int64_t y = 0; y < size[1]; ++y) {
      for (int64_t x = 0; x < size[0]; ++x) voxels.push_back(static_cast<T>(value(x, y, z)));
    }
  }
  return voxels;
}

std::vector<float> image() {
  return filled<float>(from, [](int64_t x, int64_t y, int64_t z) { return (x * 7 + y * 13 + z * 29) % 31 - 10; });
}

std::vector<uint8_t> labels() {
  return filled<uint8_t>(from, [](int64_t x, int64_t y, int64_t z) { return (x * x + 2 * y + 3 * z) / 4 % 4; });
}

const std::vector<double> linear = {
    -4.70833333, 1.91666667,  12.4166667,   -0.333333333, 0.505952381,  9.3452381,   2.13095238,
    2.66666667,  5.91666667,  9.77380952,   -1.86904762,  8.63095238,   9.66666667,  -3.08333333,
    7.41666667,  17.9166667,  2.3452381,    6.20238095,   11.1666667,   5.05952381,  4.98809524,
    5.52380952,  8.27380952,  5.48809524,   12.4166667,   -0.333333333, 2.41666667,  12.9166667,
    12,          -0.75,       9.75,         -3,           6.14285714,   6.67857143,  6.10714286,
    0,           4.35714286,  8.21428571,   3.76785714,   5.96428571,   10.875,      -1.875,
    4.75,        15.25,       0.785714286,  4.64285714,   8.5,          2.39285714,  2.32142857,
    2.85714286,  5.60714286,  2.82142857,   9.75,         -3,           -0.25,       10.25,
    9.33333333,  -3.41666667, 7.08333333,   13.7083333,   3.47619048,   4.01190476,  10.0833333,
    5.63690476,  2.79761905,  6.6547619,    9.4047619,    3.29761905,   12.0833333,  -0.666666667,
    2.08333333,  12.5833333,  -0.773809524, 3.08333333,   10.4464286,   4.33928571,  -0.345238095,
    8.49404762,  6.63095238,  3.8452381,    7.08333333,   13.7083333,   -2.91666667, 7.58333333};
const std::vector<double> cubic = {
    -6.25767357, 0.46033264,  15.9853266,  -0.625026989, -1.46154688,  14.474268,   -1.1931227,  1.33663485,
    7.05161464,  12.9963631,  -8.2438963,  11.3894648,   10.0272179,   -4.84472188, 7.21446739,  18.6065074,
    0.645790417, 5.07418763,  14.6783433,  3.14543284,   3.88054172,   7.32908923,  9.49197443,  2.60322877,
    14.8752096,  -2.07259933, 2.49029956,  14.8802356,   16.1968718,   -3.73711512, 11.9042644,  -6.12576532,
    5.13924651,  9.03804962,  5.98648848,  -3.34346305,  3.52533708,   10.0090589,  1.61531865,  7.96414477,
    11.7031505,  -3.16878931, 4.97628271,  15.7409516,   -0.375975008, 4.04137975,  10.1029473,  -0.390942001,
    0.431698229, 2.55649053,  6.70372695,  -0.849407127, 12.4710885,   -7.93659628, 0.154544782, 12.1116759,
    10.6700544,  -6.23639726, 6.09501709,  16.2967545,   0.874702553,  4.06407796,  12.8755825,  3.17416928,
    2.65108255,  7.26306479,  10.8619143,  1.1681107,    13.379083,    -1.49285675, 2.73809804,  12.8753958,
    -1.73648258, 0.9572781,   13.555142,   4.0756918,    -3.87344412,  10.7728951,  8.43042303,  1.96366639,
    7.61843368,  17.5895827,  -7.37454238, 9.23595276};
const std::vector<uint8_t> by_classes = {0, 1, 2, 2, 0, 1, 2, 2, 0, 1, 2, 2, 1, 2, 3, 3, 1, 2, 3, 3, 2,
                                         2, 3, 3, 2, 3, 0, 0, 1, 1, 3, 3, 1, 2, 3, 3, 2, 2, 0, 0, 2, 2,
                                         0, 0, 2, 3, 0, 0, 3, 3, 1, 1, 3, 3, 1, 1, 2, 3, 0, 0, 2, 3, 1,
                                         1, 2, 3, 1, 1, 3, 0, 1, 1, 3, 0, 2, 2, 3, 0, 2, 2, 0, 1, 2, 2};

// Values are rounded to float three times, and SciPy takes 12 voxels beyond each face for all of them: 0.27^12 = 1.4e-7
// of a value. Those here are below 32.
constexpr double tolerance = 2e-5;

void expect_near(const std::vector<float>& got, const std::vector<double>& expected) {
  REQUIRE(got.size() == expected.size());
  for (size_t v = 0; v < got.size(); ++v) CHECK(std::abs(got[v] - expected[v]) < tolerance);
}

}  // namespace

TEST_CASE("images are resampled as SciPy does it, and labels by classes") {
  expect_near(io::resampled(image(), from, to, io::Interpolation::linear), linear);
  expect_near(io::resampled(image(), from, to, io::Interpolation::cubic), cubic);
  CHECK(io::resampled_labels(labels(), from, to) == by_classes);
  for (int64_t z = 0; z < to[2]; ++z) {
    const auto first = linear.begin() + z * to[0] * to[1];
    expect_near(io::resampled_slice(image(), from, to, z), {first, first + to[0] * to[1]});
  }
}

TEST_CASE("resampling to the same size changes nothing, and constants stay constant") {
  CHECK(io::resampled(image(), from, from, io::Interpolation::cubic) == image());
  CHECK(io::resampled_labels(labels(), from, from) == labels());
  const std::vector<float> seven(120, 7.0f);
  for (const io::Interpolation kind : {io::Interpolation::linear, io::Interpolation::cubic}) {
    for (const float value : io::resampled(seven, from, {13, 2, 9}, kind)) CHECK(std::abs(value - 7) < 1e-6);
  }
  // A single voxel is all there is along an axis.
  CHECK(io::resampled(std::vector<float>{3}, {1, 1, 1}, {2, 1, 3}, io::Interpolation::linear) ==
        std::vector<float>(6, 3.0f));
  // At twice the voxels the linear weights are 3/4 and 1/4, so that each label keeps its own two.
  CHECK(io::resampled_labels(std::vector<uint8_t>{5, 9}, {2, 1, 1}, {4, 1, 1}) == std::vector<uint8_t>{5, 5, 9, 9});
  // Half of each: the lower label.
  CHECK(io::resampled_labels(std::vector<uint8_t>{9, 5}, {2, 1, 1}, {1, 1, 1}) == std::vector<uint8_t>{5});
  CHECK_THAT(message_of<Error>([] {
               io::resampled(image(), {6, 5, 3}, to, io::Interpolation::linear);
             }),
             ContainsSubstring("expected 6 x 5 x 3 voxels"));
}

TEST_CASE("a grid of another spacing covers the same box") {
  io::Grid grid{.size = {10, 7, 5}, .spacing = {1, 2, 3}, .affine = Eigen::Matrix4d::Identity()};
  grid.affine.col(0) *= -1;
  grid.affine.col(1) *= 2;
  grid.affine.col(2) *= 3;
  grid.affine.col(3) << 20, -30, 40, 1;
  const io::Size3 size = io::size_at_spacing(grid, {2, 2, 1.4});
  CHECK(size == io::Size3{5, 7, 11});  // 10/2, 14/2, and 15/1.4 = 10.7
  const io::Grid sampled = io::grid_of_size(grid, size);
  CHECK(sampled.spacing[0] == Approx(2).epsilon(1e-15));
  CHECK(sampled.spacing[2] == Approx(15.0 / 11).epsilon(1e-15));
  // The corners of both boxes, half a voxel beyond the outer centres, are one place.
  for (const bool last : {false, true}) {
    const auto corner = [&](const io::Grid& g) {
      Eigen::Vector4d voxel(-0.5, -0.5, -0.5, 1);
      for (size_t axis = 0; last && axis < 3; ++axis) {
        voxel[static_cast<Eigen::Index>(axis)] = static_cast<double>(g.size[axis]) - 0.5;
      }
      return Eigen::Vector4d(g.affine * voxel);
    };
    CHECK((corner(grid) - corner(sampled)).norm() < 1e-12);
  }
  CHECK(io::size_at_spacing(grid, {1000, 2, 3}) == io::Size3{1, 7, 5});
  const std::string refusal = message_of<DataError>([&] { io::size_at_spacing(grid, {1, 1e-4, 1}); });
  CHECK_THAT(refusal, ContainsSubstring("expected images that have a size X,Y,Z of 1 to 4096 voxels"));
}

namespace {

io::CaseVolumes case_of(io::Resampling resampling, io::Normalisation::Kind normalisation) {
  io::Task::Rules rules;
  rules.normalisations = {{normalisation}};
  rules.resampling = resampling;
  io::CaseVolumes volumes(std::make_shared<const io::Task>(
      "one", std::vector<std::string>{"image"}, std::vector<io::Task::Label>{{0, "background"}, {3, "lesion"}},
      std::vector<io::Task::Region>{{"lesion", {3}, 3}}, rules));
  volumes.name = "A";
  volumes.grid = {.size = from, .spacing = {2, 2, 2}, .affine = Eigen::Matrix4d::Identity()};
  volumes.grid.affine.diagonal().head<3>() *= 2;
  volumes.file_grid = volumes.grid;
  volumes.modalities[0] = image();
  volumes.labels = labels();
  return volumes;
}

}  // namespace

TEST_CASE("a case is resampled to the same voxels, whatever the order of its file's axes") {
  using Kind = io::Normalisation::Kind;
  const io::Resampling resampling{io::Resampling::Kind::given, {3, 10.0 / 7, 8.0 / 3}, io::Interpolation::linear};
  const io::TaskPointer task = case_of(resampling, Kind::all).task;
  const TemporaryFolder folder;
  // One file has BraTS's axes, which go to the left, the back and up. The other goes up, to the right and to the back.
  NiftiBytes straight, turned;
  const std::vector<float> voxels = image();
  std::vector<int16_t> in_order(voxels.begin(), voxels.end()), permuted;
  for (int64_t y = 0; y < from[1]; ++y) {
    for (int64_t x = from[0]; x-- > 0;) {
      for (int64_t z = 0; z < from[2]; ++z) {
        permuted.push_back(static_cast<int16_t>(voxels[static_cast<size_t>(x + from[0] * (y + from[1] * z))]));
      }
    }
  }
  const auto save = [&](NiftiBytes& file, const std::vector<int16_t>& values, const io::Size3& size,
                        const std::vector<double>& srow, const char* name) {
    file.dims({size[0], size[1], size[2]});
    for (int axis = 1; axis <= 3; ++axis) file.pixdim(axis, 2);
    file.srow(srow);
    file.fill(values);
    io::CaseFiles files("A", io::profile_of_task(task));
    files.modalities[0].path = write_bytes(folder / name, file.bytes());
    return io::load_resampled_case(files);
  };
  // In the world x goes to the right and y to the front.
  const io::CaseVolumes a = save(straight, in_order, from, {-2, 0, 0, 0, 0, -2, 0, 0, 0, 0, 2, 0}, "straight.nii");
  const io::CaseVolumes b =
      save(turned, permuted, {from[2], from[0], from[1]}, {0, 2, 0, -10, 0, 0, -2, 0, 2, 0, 0, 0}, "turned.nii");
  REQUIRE(a.grid.size == to);
  CHECK(b.grid.size == to);
  CHECK(a.modalities[0] == b.modalities[0]);
  CHECK((a.grid.affine - b.grid.affine).norm() < 1e-12);
  expect_near(a.modalities[0], linear);
}

TEST_CASE("a spacing at which nothing of an image is left is refused") {
  io::CaseVolumes thin = case_of({io::Resampling::Kind::given, {2, 2, 8}}, io::Normalisation::Kind::all);
  for (size_t v = 0; v < thin.modalities[0].size(); ++v)
    thin.modalities[0][v] = v < 30 ? 1.0f : 0.0f;  // the lowest slice
  CHECK_THAT(
      message_of<DataError>([&] { io::resampled_case(thin); }),
      ContainsSubstring("[A] expected voxels other than 0 at the task's spacing, 2,2,8 mm, got none, as the 6 x 5 "
                        "x 1 voxels that the image has at 2,2,2 mm lie between them"));
}

TEST_CASE("a case is resampled to its to its task's spacing, and zeros stay zeros where they are the background") {
  using Kind = io::Normalisation::Kind;
  // 6 x 5 x 4 voxels of 2 mm are 4 x 7 x 3 of these.
  const io::Resampling resampling{io::Resampling::Kind::given, {3, 10.0 / 7, 8.0 / 3}, io::Interpolation::cubic};
  const auto all = io::resampled_case(case_of(resampling, Kind::all));
  REQUIRE(all);
  CHECK(all->grid.size == to);
  CHECK(all->file_grid.size == from);
  expect_near(all->modalities[0], cubic);
  CHECK(*all->labels == by_classes);

  // The nearest voxels of the file, by the centres (i + 1/2) * from / to - 1/2.
  const auto nonzero = io::resampled_case(case_of(resampling, Kind::nonzero));
  REQUIRE(nonzero);
  const std::vector<float> file = image();
  const auto nearest = filled<float>(to, [&](int64_t x, int64_t y, int64_t z) {
    constexpr std::array<int64_t, 4> xs = {0, 2, 3, 5};           // 0.25, 1.75, 3.25, 4.75
    constexpr std::array<int64_t, 7> ys = {0, 1, 1, 2, 3, 3, 4};  // -0.14, 0.57, 1.29, 2, 2.71, 3.43, 4.14
    constexpr std::array<int64_t, 3> zs = {0, 2, 3};              // 0.17, 1.5 (up), 2.83
    const auto at = [](const auto& list, int64_t i) { return list[static_cast<size_t>(i)]; };
    return file[static_cast<size_t>(at(xs, x) + 6 * (at(ys, y) + 5 * at(zs, z)))];
  });
  int64_t zeros = 0;
  for (size_t v = 0; v < nearest.size(); ++v) {
    zeros += nearest[v] == 0;
    CHECK(nonzero->modalities[0][v] == (nearest[v] == 0 ? 0 : all->modalities[0][v]));
  }
  CHECK(zeros > 0);

  CHECK_FALSE(io::resampled_case(case_of({}, Kind::all)));
  CHECK_FALSE(io::resampled_case(case_of({io::Resampling::Kind::given, {2, 2, 2}}, Kind::all)));
  CHECK_THAT(message_of<Error>([&] { io::resampled_case(case_of({io::Resampling::Kind::automatic}, Kind::all)); }),
             ContainsSubstring("[spacing] expected one that is known, got auto"));
}

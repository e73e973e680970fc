// Tests how NIfTI images are read, scaled and placed in space.
#include "io/nifti/nifti.h"
#include "io/nifti/whole_labels.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "engine/error.h"
#include "tests/io/nifti/image_refusal.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

namespace {

std::vector<float> voxels_of(const TemporaryFolder& folder, const NiftiBytes& image) {
  return io::read_nifti(write_bytes(folder / "image.nii", image.bytes())).voxels;
}

}  // namespace

TEST_CASE("both versions in both byte orders, plain and gzip, give the same image") {
  const TemporaryFolder folder;
  const bool version_2 = GENERATE(false, true);
  const bool big_endian = GENERATE(false, true);
  NiftiBytes image = ramp_image(version_2, big_endian);
  image.srow({2, 0, 0, -10, 0, 3, 0, 20, 0, 0, 4, 30});
  image.pixdim(1, 2), image.pixdim(2, 3), image.pixdim(3, 4);
  const auto plain = io::read_nifti(write_bytes(folder / "a.nii", image.bytes()));
  CHECK(plain.voxels == ramp_floats);
  CHECK(plain.frames == 1);
  CHECK(plain.grid.size == std::array<int64_t, 3>{4, 3, 2});
  CHECK(plain.grid.spacing == std::array<double, 3>{2, 3, 4});
  CHECK(plain.grid.affine(0, 0) == 2);
  CHECK(plain.grid.affine(1, 3) == 20);
  CHECK(plain.grid.affine(2, 3) == 30);
  CHECK(plain.grid.affine(3, 3) == 1);

  // The content decides, not the name.
  CHECK(io::read_nifti(write_bytes(folder / "b.nii", gzip(image.bytes()))).voxels == ramp_floats);
  CHECK(io::read_nifti(write_bytes(folder / "c.nii.gz", image.bytes())).voxels == ramp_floats);

  const auto header = io::read_nifti_header(folder / "b.nii");
  CHECK(header.voxels.empty());
  CHECK(header.grid.size == plain.grid.size);
  CHECK(io::same_grid(header.grid, plain.grid));
}

TEST_CASE("a big-endian header comes back in native byte order, every field of it") {
  const TemporaryFolder folder;
  const bool version_2 = GENERATE(false, true);
  std::vector<io::NiftiImage> images;
  for (const bool big_endian : {false, true}) {
    NiftiBytes image = ramp_image(version_2, big_endian);
    image.srow({1, 2, 2, 4, -4, 1, 4, 8, 8, 2, 4, 12});
    image.pixdim(1, 9), image.pixdim(2, 3), image.pixdim(3, 6);  // its columns' lengths
    image.qform(0.1, 0.2, 0.3, 4, 5, 6);
    image.scaling(1, 0);
    image.field<float, double>(124, 200, 777.5);   // cal_max
    image.field<float, double>(132, 208, 0.25);    // slice_duration
    image.field<float, double>(136, 216, 0.5);     // toffset
    image.field<float, double>(56, 80, 3.5);       // intent_p1
    image.field<int16_t, int32_t>(68, 504, 1002);  // intent_code
    image.field<int16_t, int64_t>(74, 224, 7);     // slice_start
    image.header.replace(version_2 ? 240 : 148, 5, "words");
    images.push_back(io::read_nifti(write_bytes(folder / "a.nii", image.bytes())));
  }
  CHECK(images[0].header.size() == (version_2 ? 540u : 348u));
  CHECK(images[0].header == images[1].header);
}

TEMPLATE_TEST_CASE("every supported datatype is read", "", uint8_t, int8_t, int16_t, uint16_t, int32_t, uint32_t,
                   int64_t, uint64_t, float, double) {
  // These are the codes of nifti1.h, written out.
  const int code = std::is_same_v<TestType, uint8_t>    ? 2
                   : std::is_same_v<TestType, int8_t>   ? 256
                   : std::is_same_v<TestType, int16_t>  ? 4
                   : std::is_same_v<TestType, uint16_t> ? 512
                   : std::is_same_v<TestType, int32_t>  ? 8
                   : std::is_same_v<TestType, uint32_t> ? 768
                   : std::is_same_v<TestType, int64_t>  ? 1024
                   : std::is_same_v<TestType, uint64_t> ? 1280
                   : std::is_same_v<TestType, float>    ? 16
                                                        : 64;
  const TemporaryFolder folder;
  const bool big_endian = GENERATE(false, true);
  NiftiBytes image(false, big_endian);
  image.datatype(code, 8 * static_cast<int>(sizeof(TestType)));
  std::vector<TestType> values(24);
  std::iota(values.begin(), values.end(), static_cast<TestType>(0));
  values[1] = std::numeric_limits<TestType>::max();
  values[2] = std::numeric_limits<TestType>::lowest();
  if (std::is_same_v<TestType, double>)
    values[1] = static_cast<TestType>(1.5), values[2] = static_cast<TestType>(-0.25);
  image.fill(values);
  std::vector<float> expected;
  for (const TestType value : values) expected.push_back(static_cast<float>(value));
  CHECK(voxels_of(folder, image) == expected);
}

TEST_CASE("more voxels than a chunk, with scaling and swapping") {
  const TemporaryFolder folder;
  NiftiBytes image(false, true);
  image.dims({130, 120, 11});
  image.scaling(0.5, 1);
  std::vector<int16_t> values(130 * 120 * 11);
  std::vector<float> expected;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<int16_t>(i * 7919 % 65536 - 32768);
    expected.push_back(0.5f * values[i] + 1.0f);  // exact in float
  }
  image.fill(values);
  CHECK(io::read_nifti(write_bytes(folder / "a.nii.gz", gzip(image.bytes()))).voxels == expected);
}

TEST_CASE("scl_slope and scl_inter") {
  const TemporaryFolder folder;
  NiftiBytes image = ramp_image(GENERATE(false, true));
  SECTION("applied") {
    image.scaling(0.25, -3);
    CHECK(voxels_of(folder, image)[5] == 0.25f * ramp[5] - 3.0f);
  }
  SECTION("a slope of zero means none, whatever the intercept") {
    image.scaling(0, 17);
    CHECK(voxels_of(folder, image) == ramp_floats);
  }
  SECTION("a slope of NaN means none") {
    image.scaling(not_a_number, not_a_number);
    CHECK(voxels_of(folder, image) == ramp_floats);
  }
  SECTION("an infinite slope is refused") {
    image.scaling(infinity, 0);
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("scl_slope") && ContainsSubstring("inf"));
  }
  SECTION("a slope with an intercept of NaN is refused") {
    image.scaling(2, not_a_number);
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("scl_inter") && ContainsSubstring("nan"));
  }
}

TEST_CASE("the affine: sform, else qform, else spacing") {
  const TemporaryFolder folder;
  NiftiBytes image = ramp_image(GENERATE(false, true));
  image.pixdim(1, 2), image.pixdim(2, 3), image.pixdim(3, 4);
  Eigen::Matrix4d expected;
  const double tolerance = 1e-6;  // the quaternion of version 1 is stored in float
  SECTION("spacing alone") {
    expected << 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1;
  }
  SECTION("qform: a quarter turn about z, left-handed") {
    image.qform(0, 0, std::sqrt(0.5), 10, 20, 30);
    image.pixdim(0, -1);
    expected << 0, -3, 0, 10, 2, 0, 0, 20, 0, 0, -4, 30, 0, 0, 0, 1;
  }
  SECTION("sform wins over qform") {
    image.qform(0, 0, 1, 10, 20, 30);
    image.srow({-2, 0, 0, 1, 0, -3, 0, 2, 0, 0, 4, 3});
    expected << -2, 0, 0, 1, 0, -3, 0, 2, 0, 0, 4, 3, 0, 0, 0, 1;
  }
  const auto read = io::read_nifti(write_bytes(folder / "a.nii", image.bytes()));
  CHECK((read.grid.affine - expected).cwiseAbs().maxCoeff() < tolerance);
}

TEST_CASE("spacings are those of the affine in use, which must be able to hold a volume") {
  const TemporaryFolder folder;
  NiftiBytes image = ramp_image(GENERATE(false, true));
  const auto spacing = [&] { return io::read_nifti(write_bytes(folder / "a.nii", image.bytes())).grid.spacing; };
  const auto refusal = [&] { return message_of<DataError>(spacing); };
  SECTION("columns of 3-4-5 triangles") {
    image.srow({3, -4, 0, 0, 4, 3, 0, 0, 0, 0, 2, 0});
    image.pixdim(1, 5), image.pixdim(2, 5.0049), image.pixdim(3, 1.9981);  // 0.1 % is rounding
    CHECK(spacing() == std::array<double, 3>{5, 5, 2});
    image.pixdim(3, 1.997);
    CHECK_THAT(refusal(),
               ContainsSubstring("pixdim to have the voxel sizes of the sform, 5 x 5 x 2 mm, got 5 x 5.0049 x 1.997"));
  }
  SECTION("2 mm in the sform, 1 mm in pixdim") {
    image.srow({-2, 0, 0, 0, 0, -2, 0, 0, 0, 0, 2, 0});
    CHECK_THAT(refusal(), ContainsSubstring("a.nii]") &&
                              ContainsSubstring("2 x 2 x 2 mm, got 1 x 1 x 1 mm; fix whichever is wrong"));
    image.put<char>(image.version_2 ? 348 : 254, 0);  // sform_code: without it, pixdim is all there is
    CHECK(spacing() == std::array<double, 3>{1, 1, 1});
  }
  SECTION("singular affines: nothing at all, two axes along one line, three in a plane") {
    image.srow(GENERATE(std::vector<double>(12), std::vector<double>{-1, 0, 0, 0, 0, -1, 1, 0, 0, 0, 0, 0},
                        std::vector<double>{0.6, 0.8, 1, 0, 0.8, -0.6, 0, 0, 0, 0, 0, 0}));
    CHECK_THAT(refusal(), ContainsSubstring("a.nii] expected axes along three dimensions, got a sform"));
  }
}

TEST_CASE("four dimensions, singleton dimensions and header extensions") {
  const TemporaryFolder folder;
  NiftiBytes image(GENERATE(false, true));
  image.fill(ramp);
  SECTION("frames") {
    image.dims({2, 3, 2, 2});
    const auto read = io::read_nifti(write_bytes(folder / "a.nii", image.bytes()));
    CHECK(read.frames == 2);
    CHECK(read.voxels == ramp_floats);
    CHECK_THAT(message_of<DataError>([&] { io::read_nifti_labels(folder / "a.nii"); }),
               ContainsSubstring("one frame, got 2"));
  }
  SECTION("trailing dimensions of one") {
    image.dims({4, 3, 2, 1, 1});
    CHECK(voxels_of(folder, image) == ramp_floats);
  }
  SECTION("an extension before the voxels") {
    image.vox_offset(static_cast<int64_t>(image.header.size()) + 32);
    image.header += std::string(32, 'e');
    CHECK(voxels_of(folder, image) == ramp_floats);
  }
}

TEST_CASE("labels are read from every type, in either byte order, scaled or not") {
  const TemporaryFolder folder;
  const bool big_endian = GENERATE(false, true);
  std::vector<uint8_t> expected(24);
  for (size_t i = 0; i < 24; ++i) expected[i] = std::array<uint8_t, 4>{0, 1, 2, 4}[i % 4];
  const auto check = [&]<class T>(T, int code) {
    for (const int slope : {1, 2}) {
      NiftiBytes image(false, big_endian);
      image.datatype(code, 8 * sizeof(T));
      image.fill(std::vector<T>(expected.begin(), expected.end()));
      if (slope != 1) image.scaling(slope, 0);
      const io::LabelImage got = io::read_nifti_labels(write_bytes(folder / "seg.nii", image.bytes()));
      INFO("datatype " << code << ", slope " << slope);
      CHECK(io::read_whole_labels(folder / "seg.nii"));  // a byte each, without floats in between
      CHECK(got.grid.size == std::array<int64_t, 3>{4, 3, 2});
      CHECK(got.header.size() == 348);
      CHECK(got.tolerated.empty());
      for (size_t i = 0; i < 24; ++i) REQUIRE(got.labels[i] == slope * expected[i]);
    }
  };
  check(uint8_t{}, 2);
  check(int16_t{}, 4);
  check(int32_t{}, 8);
  check(float{}, 16);
  check(double{}, 64);
  check(int8_t{}, 256);
  check(uint16_t{}, 512);
  check(uint32_t{}, 768);
  check(int64_t{}, 1024);
  check(uint64_t{}, 1280);

  // A number that no byte holds is refused, not cut to its last byte.
  NiftiBytes image(false, big_endian);
  image.datatype(1024, 64);
  std::vector<int64_t> numbers(24);
  numbers[3] = 256 + 4;
  image.fill(numbers);
  CHECK_THAT(message_of<DataError>([&] { io::read_nifti_labels(write_bytes(folder / "seg.nii", image.bytes())); }),
             ContainsSubstring("got 260 at voxel 3"));
  CHECK_FALSE(io::read_whole_labels(folder / "seg.nii"));
}

TEST_CASE("labels are whole numbers of a byte") {
  const TemporaryFolder folder;
  NiftiBytes image;
  image.datatype(16, 32);
  std::vector<float> values(24, 0.0f);
  values[5] = 4, values[6] = 255;
  image.fill(values);
  write_bytes(folder / "seg.nii", image.bytes());
  std::vector<uint8_t> expected(24);
  expected[5] = 4, expected[6] = 255;
  CHECK(io::read_nifti_labels(folder / "seg.nii").labels == expected);
  for (const float bad : {-1.0f, 256.0f, 1.5f}) {
    values[9] = bad;
    image.fill(values);
    write_bytes(folder / "seg.nii", image.bytes());
    CHECK_THAT(message_of<DataError>([&] { io::read_nifti_labels(folder / "seg.nii"); }),
               ContainsSubstring(fmt::format("got {} at voxel 9", bad)));
  }
}

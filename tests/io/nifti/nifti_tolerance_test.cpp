// Tests NIfTI images that the standard forbids but that can be read in one way only. They are read, with a warning.
#include <cmath>
#include <limits>

#include "engine/error.h"
#include "io/nifti/nifti.h"
#include "tests/io/nifti/image_refusal.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

namespace {

namespace fs = std::filesystem;

// Returns the image, after all three ways to read it have warned.
io::NiftiImage tolerated(const std::filesystem::path& path, const std::string& words) {
  const io::NiftiImage image = io::read_nifti(path), header = io::read_whole_nifti_header(path);
  REQUIRE(image.tolerated.size() == 1);
  CHECK_THAT(image.tolerated[0], ContainsSubstring(path.string() + "] expected ") && ContainsSubstring(words));
  CHECK(header.tolerated == image.tolerated);
  CHECK(image.voxels == ramp_floats);
  return image;
}
io::NiftiImage tolerated(const TemporaryFolder& folder, const NiftiBytes& image, const std::string& words) {
  tolerated(write_bytes(folder / "image.nii.gz", gzip(image.bytes())), words);
  return tolerated(write_bytes(folder / "image.nii", image.bytes()), words);
}

}  // namespace

TEST_CASE("headers that can be read in one way only are read with a warning") {
  const TemporaryFolder folder;
  NiftiBytes image = ramp_image(GENERATE(false, true), GENERATE(false, true));
  SECTION("a sound one says nothing") {
    image.srow({1, 0, 0, 5, 0, 1, 0, 6, 0, 0, 1, 7});
    image.qform(0, 0, 0, 5, 6, 7);
    CHECK(io::read_nifti(write_bytes(folder / "a.nii", image.bytes())).tolerated.empty());
  }
  SECTION("vox_offset 0") {
    image.vox_offset(0);
    tolerated(folder, image, fmt::format("got 0: the voxels are read from byte {} on", image.version_2 ? 544 : 352));
  }
  SECTION("bitpix") {
    image.datatype(4, GENERATE(0, 8, 32));
    tolerated(folder, image, "expected bitpix 16 for datatype INT16");
  }
  SECTION("no more than one way to read it: a header that contradicts itself and a file that is too long") {
    SECTION("vox_offset 0 before extensions") {
      image.vox_offset(0);
      image.header[image.version_2 ? 540 : 348] = 1;  // the flag that says so
      CHECK_THAT(image_refusal(write_bytes(folder / "a.nii", image.bytes())),
                 ContainsSubstring("expected a vox_offset, as the header has extensions, got 0"));
    }
    SECTION("padding") {
      const bool by_offset = GENERATE(false, true);
      if (by_offset) image.vox_offset(0);
      if (!by_offset) image.datatype(4, 32);
      const std::string bytes = image.bytes() + std::string(48, '\0');
      for (const fs::path& path :
           {write_bytes(folder / "a.nii", bytes), write_bytes(folder / "a.nii.gz", gzip(bytes))}) {
        CHECK_THAT(image_refusal(path), ContainsSubstring("got 48 bytes more, in a file whose vox_offset or bitpix"));
        CHECK_THROWS_AS(io::read_whole_nifti_header(path), DataError);
      }
    }
  }
  SECTION("negative pixdim next to a sform") {
    image.srow({-1, 0, 0, 5, 0, 2, 0, 6, 0, 0, 3, 7});
    image.pixdim(1, -1), image.pixdim(2, 2), image.pixdim(3, -3);
    const auto got = tolerated(folder, image, "got -1 x 2 x -3 in pixdim");
    CHECK(got.grid.spacing == std::array<double, 3>{1, 2, 3});
    CHECK(got.grid.affine(0, 0) == -1);
  }
  SECTION("negative pixdim of a qform: nibabel takes it without its sign, too") {
    image.qform(0, 0, 0, 5, 6, 7);
    image.pixdim(2, -2);
    const auto got = tolerated(folder, image, "got 1 x -2 x 1 in pixdim");
    CHECK(got.grid.spacing == std::array<double, 3>{1, 2, 1});
    CHECK(got.grid.affine(1, 1) == 2);
    CHECK(got.grid.affine(1, 3) == 6);
  }
  SECTION("negative pixdim of neither") {
    image.pixdim(3, -4);
    CHECK(tolerated(folder, image, "got 1 x 1 x -4 in pixdim").grid.spacing == std::array<double, 3>{1, 1, 4});
  }
  SECTION("a qform that is not finite, where the sform is used") {
    image.srow({1, 0, 0, 5, 0, 1, 0, 6, 0, 0, 1, 7});
    if (GENERATE(false, true)) {
      image.qform(not_a_number, not_a_number, not_a_number, 5, 6, 7);
    } else {
      image.qform(0, 0, 0, 5, std::numeric_limits<double>::infinity(), 7);
    }
    const auto got =
        tolerated(folder, image, "expected finite numbers in the qform, got others, such as NaN: it is not used");
    CHECK(got.grid.affine(1, 3) == 6);
    CHECK_FALSE(io::grid_by_qform(got).has_value());
    // A file that is written from it has none of these faults.
    io::write_nifti(folder / "written.nii", got.header, std::vector<uint8_t>(24, 1));
    const auto written = io::read_nifti(folder / "written.nii");
    CHECK(written.tolerated.empty());
    CHECK(io::same_grid(written.grid, got.grid));
  }
  SECTION("a sform that is not finite, where the qform is used") {
    image.srow({not_a_number, 0, 0, 5, 0, 1, 0, 6, 0, 0, 1, 7});
    image.field<int16_t, int32_t>(254, 348, 0);  // sform_code
    image.qform(0, 0, 0, 5, 6, 7);
    CHECK(tolerated(folder, image, "expected finite numbers in the sform, got").grid.affine(2, 3) == 7);
  }
}

TEST_CASE("headers that contradict themselves stay refused") {
  const TemporaryFolder folder;
  NiftiBytes image = ramp_image(GENERATE(false, true));
  const auto refused = [&] { return image_refusal(write_bytes(folder / "a.nii", image.bytes())); };
  SECTION("a qform that is not finite, and used") {
    image.qform(0, not_a_number, 0, 5, 6, 7);
    CHECK_THAT(refused(), ContainsSubstring("a.nii] expected a finite affine") && ContainsSubstring("in the qform"));
  }
  SECTION("a place that is not finite, and used") {
    image.qform(0, 0, 0, not_a_number, 6, 7);
    CHECK_THAT(refused(), ContainsSubstring("a.nii] expected a finite affine") && ContainsSubstring("in the qform"));
  }
  SECTION("negative pixdim of another size than the affine's") {
    image.srow({1, 0, 0, 5, 0, 1, 0, 6, 0, 0, 1, 7});
    image.pixdim(1, -2);
    CHECK_THAT(refused(), ContainsSubstring("expected pixdim to have the voxel sizes of the sform"));
  }
  SECTION("a bitpix that is right for the file's length, of a datatype that is not") {
    image.datatype(16, 16);
    CHECK_THAT(refused(), ContainsSubstring("truncated"));
  }
}

TEST_CASE("zeros after the voxels and after the gzip stream are padding, other bytes are not") {
  const TemporaryFolder folder;
  const std::string bytes = ramp_image(GENERATE(false, true)).bytes(), packed = gzip(bytes);
  const size_t count = GENERATE(1, 4, 512, 300'000);  // the last is more than one read
  const std::string zeros(count, '\0'), words = fmt::format("got {} bytes of zeros", count);
  tolerated(write_bytes(folder / "a.nii", bytes + zeros), words);
  tolerated(write_bytes(folder / "a.nii.gz", gzip(bytes + zeros)), words);
  tolerated(write_bytes(folder / "a.nii.gz", packed + zeros), words);
  tolerated(write_bytes(folder / "a.nii.gz", gzip(bytes.substr(0, 100)) + gzip(bytes.substr(100)) + zeros), words);
  tolerated(write_bytes(folder / "a.nii.gz", gzip(bytes + std::string(count - 1, '\0')) + std::string(1, '\0')), words);

  for (const std::string& wrong : {bytes + zeros + "x", gzip(bytes + zeros + "x"), packed + zeros + "x",
                                   packed + zeros + packed, packed + zeros + gzip("")}) {
    const auto path = write_bytes(folder / "wrong.nii.gz", wrong);
    CHECK_THAT(image_refusal(path),
               ContainsSubstring("expected the end of the file, or zeros up to there, got more data"));
    // Where the last bytes of a file are those of the whole image again, they give the right length.
    if (!wrong.ends_with(packed)) CHECK_THROWS_AS(io::read_whole_nifti_header(path), DataError);
  }
}

namespace {

// Makes labels 0, 1, 2 and 4 as a writer of floats stores them in int16 or uint8: numpy's rint, slope and intercept in
// float.
NiftiBytes scaled_labels(int datatype, double slope, double intercept, const std::vector<float>& values) {
  NiftiBytes image;
  image.datatype(datatype, datatype == 2 ? 8 : 16);
  image.scaling(slope, intercept);
  std::vector<int16_t> words;
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < 24; ++i) {
    const double stored = std::nearbyint((values[i % values.size()] - intercept) / slope);
    words.push_back(static_cast<int16_t>(stored));
    bytes.push_back(static_cast<uint8_t>(stored));
  }
  if (datatype == 2) image.fill(bytes);
  if (datatype == 4) image.fill(words);
  return image;
}

}  // namespace

TEST_CASE("labels that a writer of floats scaled are rounded with a warning") {
  const TemporaryFolder folder;
  const std::vector<float> labels = {0, 1, 2, 4};
  struct Case {
    int datatype;
    double slope, intercept;
  };
  // The cases are int16 as nibabel scales 0 to 4, the same with the sign reversed, uint8, and a coarse step of 0.3 (1.2
  // is 1, 2.1 is 2).
  const Case c = GENERATE(Case{4, 4.0 / 65535, 4 * 32768.0 / 65535}, Case{4, -4.0 / 65535, 4 * 32767.0 / 65535},
                          Case{2, 4.0 / 255, 0}, Case{2, 0.3, 0});
  const auto path = write_bytes(folder / "seg.nii", scaled_labels(c.datatype, c.slope, c.intercept, labels).bytes());
  const io::LabelImage image = io::read_nifti_labels(path);
  for (size_t i = 0; i < 24; ++i) CHECK(image.labels[i] == labels[i % 4]);
  REQUIRE(image.tolerated.size() == 1);
  CHECK_THAT(image.tolerated[0], ContainsSubstring("seg.nii] expected labels, whole numbers, got ") &&
                                     ContainsSubstring("they are rounded"));
}

TEST_CASE("floats that a reader of scaled labels wrote are labels, too") {
  const TemporaryFolder folder;
  NiftiBytes image;
  image.datatype(16, 32);
  std::vector<float> values;
  for (int i = 0; i < 12; ++i) values.insert(values.end(), {0.0f, 1.00001526f});
  image.fill(values);
  const io::LabelImage got = io::read_nifti_labels(write_bytes(folder / "seg.nii", image.bytes()));
  CHECK(got.labels[22] == 0);
  CHECK(got.labels[23] == 1);
  CHECK(got.tolerated.size() == 1);
}

TEST_CASE("what is no label stays refused, however it is scaled") {
  const TemporaryFolder folder;
  const auto refused = [&](const NiftiBytes& image) {
    const auto path = write_bytes(folder / "seg.nii", image.bytes());
    return message_of<DataError>([&] { io::read_nifti_labels(path); });
  };
  const auto floats = [](const std::vector<float>& values) {
    NiftiBytes image;
    image.datatype(16, 32);
    std::vector<float> all(24, 0.0f);
    std::copy(values.begin(), values.end(), all.begin());
    image.fill(all);
    return image;
  };
  // These are probabilities: in uint8 and int16, in coarse steps, with a step above 1 and an intercept, and as floats.
  CHECK_THAT(refused(scaled_labels(2, 1.0 / 255, 0, {0, 0.25f, 0.5f, 0.75f, 1})), ContainsSubstring("got 0.2"));
  CHECK_THAT(refused(scaled_labels(4, 1.0 / 65535, 0.5, {0, 0.1f, 1})), ContainsSubstring("got 0.1"));
  CHECK_THAT(refused(scaled_labels(2, 0.5, 0, {0, 0.5f, 1})), ContainsSubstring("got 0.5"));
  CHECK_THAT(refused(scaled_labels(2, 1.5, 0, {0, 1.5f, 3})), ContainsSubstring("got 1.5"));
  CHECK_THAT(refused(scaled_labels(2, 1.25, 0, {0, 1.25f})), ContainsSubstring("got 1.25"));
  CHECK_THAT(refused(scaled_labels(2, 1, 0.5, {0.5f, 1.5f})), ContainsSubstring("got 0.5"));
  CHECK_THAT(refused(floats({0.7f})), ContainsSubstring("got 0.7"));
  CHECK_THAT(refused(floats({0.0f, 1.01f})), ContainsSubstring("got 1.01"));
  CHECK_THAT(refused(floats({-0.25f})), ContainsSubstring("got -0.25"));
  // This slope is damaged: 2 and 4 would become 2 and 3.
  CHECK_THAT(refused(scaled_labels(2, 0.8, 0, {0, 0.8f, 1.6f, 3.2f})), ContainsSubstring("got 0.8"));
  CHECK_THAT(refused(scaled_labels(2, 0.8, 0, {0, 3.2f})), ContainsSubstring("got 3.2"));
  // These values are near whole numbers, but there is more than one for a label.
  CHECK_THAT(refused(floats({0, 0.0002f})), ContainsSubstring("one value for each, got 0 and 0.0002 for 0"));
  CHECK_THAT(refused(scaled_labels(2, 2.0 / 9, 0, {8.0f / 9, 10.0f / 9})), ContainsSubstring("one value for each"));
  // This is out of range after rounding.
  CHECK_THAT(refused(floats({255.9995f})), ContainsSubstring("0..255"));
}

// The truth by hand: the angle between (1, 0, 0) and (0.5, 1, 0) is 63.435 degrees, 26.565 off a right one.
TEST_CASE("memory is asked for as voxels arrive") {
  const TemporaryFolder folder;
  // These 4 MB of noise claim 1500 x 1500 x 1500 voxels, which a gzip file of such a size could hold.
  NiftiBytes image;
  image.dims({1500, 1500, 1500});
  image.datatype(2, 8);
  std::string noise(4 << 20, '\0');
  uint32_t state = 1;
  for (char& byte : noise) byte = static_cast<char>((state = state * 1664525u + 1013904223u) >> 25);
  image.voxels = noise;
  const auto path = write_bytes(folder / "a.nii.gz", gzip(image.bytes(), 1));
  CHECK_THAT(image_refusal(path), ContainsSubstring("a.nii.gz] expected ") && ContainsSubstring("truncated"));
  CHECK_THROWS_AS(io::read_whole_nifti_header(path), DataError);
}

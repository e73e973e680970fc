// Tests NIfTI images that are written, byte by byte and through nifticlib.
#include <nifti2_io.h>

#include <memory>

#include "engine/error.h"
#include "io/nifti/nifti.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

TEST_CASE("written images keep the header they are given, except for what the data decides") {
  const TemporaryFolder folder;
  const bool version_2 = GENERATE(false, true);
  const std::string name = GENERATE("out.nii", "out.nii.gz");
  NiftiBytes source = ramp_image(version_2);
  source.srow({-1, 0, 0, 90, 0, -1, 0, 126, 0, 0, 1, -72});
  source.qform(0, 0, 1, 90, 126, -72);
  source.scaling(2, 5);
  source.field<float, double>(124, 200, 777);  // cal_max
  source.field<int16_t, int32_t>(68, 504, 5);  // intent_code: z score
  source.field<float, double>(136, 216, 0.5);  // toffset: kept
  source.header.replace(version_2 ? 240 : 148, 5, "words");
  source.header.replace(version_2 ? 508 : 328, 5, "score");
  const auto image = io::read_nifti(write_bytes(folder / "in.nii", source.bytes()));

  const std::vector<uint8_t> labels = [] {
    std::vector<uint8_t> values(24);
    for (size_t i = 0; i < values.size(); ++i) values[i] = std::array<uint8_t, 4>{0, 1, 2, 4}[i % 4];
    return values;
  }();
  io::write_nifti(folder / name, image.header, labels);
  const auto read = io::read_nifti_labels(folder / name);
  CHECK(read.labels == labels);
  CHECK(io::same_grid(read.grid, image.grid));

  NiftiBytes expected = source;
  expected.datatype(2, 8);
  expected.scaling(1, 0);
  expected.field<float, double>(124, 200, 0);
  expected.field<int16_t, int32_t>(68, 504, 0);
  expected.header.replace(version_2 ? 508 : 328, 5, 5, '\0');
  for (size_t i = 4; i <= 7; ++i) expected.field<int16_t, int64_t>(40 + 2 * i, 16 + 8 * i, 1);
  const std::string header(read.header.begin(), read.header.end());
  CHECK(header == expected.header.substr(0, header.size()));
}

TEST_CASE("nifticlib reads what is written") {
  const TemporaryFolder folder;
  const std::string name = GENERATE("out.nii", "out.nii.gz");
  const auto header = io::make_nifti_header({4, 3, 2}, {1, 2, 0.5});
  const auto load = [&] {
    return std::unique_ptr<nifti_image, void (*)(nifti_image*)>(nifti_image_read((folder / name).c_str(), 1),
                                                                nifti_image_free);
  };
  SECTION("int16") {
    io::write_nifti(folder / name, header, ramp);
    const auto image = load();
    REQUIRE(image != nullptr);
    CHECK(image->datatype == 4);
    CHECK(image->ndim == 3);
    CHECK(std::equal(ramp.begin(), ramp.end(), static_cast<const int16_t*>(image->data)));
    CHECK(image->dx == 1.0);
    CHECK(image->dy == 2.0);
    CHECK(image->dz == 0.5);
    CHECK(image->xyz_units == NIFTI_UNITS_MM);
    // x goes to the left and y to the back. The volume's centre is the world's origin, half of size - 1 voxels away.
    for (const auto& matrix : {image->sto_xyz, image->qto_xyz}) {
      CHECK(matrix.m[0][0] == -1.0);
      CHECK(matrix.m[1][1] == -2.0);
      CHECK(matrix.m[2][2] == 0.5);
      CHECK(matrix.m[0][3] == 1.5);
      CHECK(matrix.m[1][3] == 2.0);
      CHECK(matrix.m[2][3] == -0.25);
    }
  }
  SECTION("three frames of floats") {
    std::vector<float> voxels(72);
    for (size_t i = 0; i < voxels.size(); ++i) voxels[i] = 0.1f * static_cast<float>(i);
    io::write_nifti(folder / name, header, voxels, 3);
    const auto image = load();
    REQUIRE(image != nullptr);
    CHECK(image->datatype == 16);
    CHECK(image->ndim == 4);
    CHECK(image->nt == 3);
    CHECK(std::equal(voxels.begin(), voxels.end(), static_cast<const float*>(image->data)));
    const auto own = io::read_nifti(folder / name);
    CHECK(own.frames == 3);
    CHECK(own.voxels == voxels);
  }
}

TEST_CASE("what cannot be written") {
  const TemporaryFolder folder;
  const auto header = io::make_nifti_header({4, 3, 2}, {1, 1, 1});
  const auto write = [&](const std::filesystem::path& path, const std::vector<char>& h, size_t count) {
    io::write_nifti(path, h, std::vector<uint8_t>(count));
  };
  CHECK_THAT(message_of<DataError>([&] { write(folder / "none/a.nii", header, 24); }),
             ContainsSubstring("No such file"));
  CHECK_THAT(message_of<UsageError>([&] { write(folder / "a.img", header, 24); }),
             ContainsSubstring(".nii or .nii.gz"));
  CHECK_THAT(message_of<Error>([&] { write(folder / "a.nii", header, 23); }),
             ContainsSubstring("4 x 3 x 2 x 1") && ContainsSubstring("got 23"));
  CHECK_THAT(message_of<Error>([&] { write(folder / "a.nii", std::vector<char>(348), 24); }),
             ContainsSubstring("sizeof_hdr 0"));
  CHECK_THAT(message_of<Error>([&] { write(folder / "a.nii", {}, 24); }), ContainsSubstring("got 0 bytes"));
  CHECK_THAT(message_of<UsageError>([&] {
               io::make_nifti_header({40000, 1, 1}, {1, 1, 1});
             }),
             ContainsSubstring("40000"));
  CHECK_THAT(message_of<UsageError>([&] {
               io::make_nifti_header({4, 1, 1}, {1, 0, 1});
             }),
             ContainsSubstring("spacings"));
  CHECK(std::filesystem::is_empty(folder.path()));
}

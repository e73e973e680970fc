// Tests NIfTI images that are damaged or not for this project. Each is refused, with words that say what is wrong.
#include <limits>

#include "engine/error.h"
#include "io/nifti/nifti.h"
#include "tests/io/nifti/image_refusal.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

TEST_CASE("headers that are refused") {
  const TemporaryFolder folder;
  NiftiBytes image = ramp_image(GENERATE(false, true), GENERATE(false, true));
  const bool version_2 = image.version_2;
  SECTION("sizeof_hdr") {
    image.put<int32_t>(0, 349);
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("sizeof_hdr"));
  }
  SECTION("magic") {
    image.header[version_2 ? 5 : 345] = '-';
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("magic 'n+") && ContainsSubstring("got 'n-"));
  }
  SECTION("magic of the other version") {
    image.header[version_2 ? 6 : 346] = version_2 ? '1' : '2';
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("magic"));
  }
  SECTION("a header of a pair") {
    image.header[version_2 ? 5 : 345] = 'i';
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring(".hdr/.img pair"));
  }
  SECTION("number of dimensions") {
    const int64_t count = GENERATE(-1, 0, 1, 2, 8);
    image.field<int16_t, int64_t>(40, 16, count);
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring(fmt::format("dim[0] = {}", count)));
  }
  SECTION("a dimension that is not positive") {
    const int64_t extent = GENERATE(0, -3);
    image.dims({4, extent, 2});
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring(fmt::format("dim[2] = {}", extent)));
  }
  SECTION("a fifth dimension") {
    image.dims({2, 3, 2, 1, 2});
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("at most 4 dimensions, got dim[5] = 2"));
  }
  SECTION("a vox_offset inside the header") {
    const int64_t offset = GENERATE(-1, 1, 348, 351, 540, 543);
    if (offset >= 352 && !version_2) return;
    image.vox_offset(offset);
    CHECK_THAT(image_refusal(folder, image),
               ContainsSubstring("vox_offset") && ContainsSubstring(fmt::format("got {}", offset)));
  }
  SECTION("datatypes that no volume has: complex, RGB, 128-bit float, none, binary") {
    const int code = GENERATE(32, 128, 1536, 0, 1, 17);
    image.datatype(code, 16);
    CHECK_THAT(image_refusal(folder, image),
               ContainsSubstring("datatype") && ContainsSubstring(fmt::format("({})", code)));
  }
  SECTION("spacing") {
    image.pixdim(2, GENERATE(0.0, not_a_number, infinity, -infinity));
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("positive voxel spacings"));
  }
  SECTION("metres") {
    image.field<char, int32_t>(123, 500, 1);
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("millimetres"));
  }
  SECTION("an affine of NaN") {
    image.srow({1, 0, 0, not_a_number, 0, 1, 0, 0, 0, 0, 1, 0});
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("finite affine") && ContainsSubstring("sform"));
  }
}

TEST_CASE("headers whose dims exceed the file are refused before memory is asked for") {
  const TemporaryFolder folder;
  SECTION("version 1: terabytes") {
    NiftiBytes image = ramp_image();
    image.dims({32767, 32767, 32767});
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("truncated"));
    CHECK_THAT(image_refusal(write_bytes(folder / "a.nii.gz", gzip(image.bytes()))), ContainsSubstring("got at most"));
  }
  SECTION("version 2: beyond 64 bits") {
    NiftiBytes image = ramp_image(true);
    image.dims({int64_t{1} << 31, int64_t{1} << 31, 4});  // 2^64 voxels: a product that wraps to zero
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("fits 2^63 bytes"));
    image.dims({int64_t{1} << 31, int64_t{1} << 31, 1});  // 2^62 voxels of 2 bytes
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("fits 2^63 bytes"));
  }
}

TEST_CASE("payloads of another length than the header's") {
  const TemporaryFolder folder;
  const std::string bytes = ramp_image(GENERATE(false, true)).bytes();
  SECTION("plain files cut anywhere") {
    for (size_t size = 0; size < bytes.size(); ++size) {
      CHECK_THAT(image_refusal(write_bytes(folder / "a.nii", bytes.substr(0, size))), ContainsSubstring("truncated"));
    }
  }
  SECTION("gzip streams of cut files") {
    for (size_t size = 0; size < bytes.size(); ++size) {
      CHECK_THAT(image_refusal(write_bytes(folder / "a.nii.gz", gzip(bytes.substr(0, size)))),
                 ContainsSubstring("truncated"));
    }
  }
  SECTION("more bytes") {
    CHECK_THAT(image_refusal(write_bytes(folder / "a.nii", bytes + "x")), ContainsSubstring("damaged"));
    CHECK_THAT(image_refusal(write_bytes(folder / "a.nii.gz", gzip(bytes + "x"))), ContainsSubstring("damaged"));
  }
}

TEST_CASE("gzip streams are read to their verified end") {
  const TemporaryFolder folder;
  const std::string bytes = ramp_image().bytes();
  const std::string packed = gzip(bytes);
  SECTION("cut anywhere, trailer included") {
    for (size_t size = 0; size < packed.size(); ++size) {
      CHECK_THAT(image_refusal(write_bytes(folder / "a.nii.gz", packed.substr(0, size))),
                 ContainsSubstring("truncated"));
    }
  }
  SECTION("any bit flipped after the ten bytes of gzip's header") {
    const bool stored = GENERATE(true, false);
    const std::string sound = gzip(bytes, stored ? 0 : 6);
    size_t unnoticed = 0;
    for (size_t bit = 10 * 8; bit < sound.size() * 8; ++bit) {
      std::string flipped = sound;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      write_bytes(folder / "a.nii.gz", flipped);
      std::vector<float> voxels;
      try {
        voxels = io::read_nifti(folder / "a.nii.gz").voxels;
      } catch (const DataError&) {
        continue;
      }
      CHECK(voxels == ramp_floats);
      ++unnoticed;
    }
    if (stored) {
      CHECK(unnoticed == 5);  // a stored block's three header bits are padded to a byte
    } else {
      CHECK(unnoticed < 8 * sound.size() / 50);  // padding, and distances within the header's runs of zeros
    }
  }
  SECTION("a wrong CRC and a wrong length say so") {
    std::string wrong = packed;
    wrong[packed.size() - 8] = static_cast<char>(wrong[packed.size() - 8] ^ 1);
    CHECK_THAT(image_refusal(write_bytes(folder / "a.nii.gz", wrong)), ContainsSubstring("incorrect data check"));
    wrong = packed;
    wrong[packed.size() - 4] = static_cast<char>(wrong[packed.size() - 4] ^ 1);
    CHECK_THAT(image_refusal(write_bytes(folder / "a.nii.gz", wrong)), ContainsSubstring("incorrect length check"));
  }
  SECTION("several members are one stream") {
    const std::string members =
        gzip(bytes.substr(0, 100)) + gzip("") + gzip(bytes.substr(100, 270)) + gzip(bytes.substr(370));
    CHECK(io::read_nifti(write_bytes(folder / "a.nii.gz", members)).voxels == ramp_floats);
    CHECK(io::read_nifti(write_bytes(folder / "a.nii.gz", packed + gzip(""))).voxels == ramp_floats);
    CHECK_THAT(image_refusal(write_bytes(folder / "a.nii.gz", packed + gzip("x"))), ContainsSubstring("damaged"));
  }
  SECTION("garbage after the last member") {
    CHECK_THAT(image_refusal(write_bytes(folder / "a.nii.gz", packed + "garbage")), ContainsSubstring("gzip"));
  }
}

TEST_CASE("files that are no files") {
  const TemporaryFolder folder;
  CHECK_THAT(image_refusal(folder / "missing.nii.gz"),
             ContainsSubstring("missing.nii.gz") && ContainsSubstring("No such file"));
  CHECK_THAT(image_refusal(folder.path()), ContainsSubstring("expected a file"));
}

TEST_CASE("non-finite voxels are counted") {
  const TemporaryFolder folder;
  NiftiBytes image;
  SECTION("floats") {
    image.datatype(16, 32);
    std::vector<float> values(24, 1.0f);
    values[3] = values[7] = std::numeric_limits<float>::quiet_NaN();
    values[23] = -std::numeric_limits<float>::infinity();
    image.fill(values);
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("got 3 NaN or infinite of 24"));
  }
  SECTION("doubles beyond float") {
    image.datatype(64, 64);
    std::vector<double> values(24, 1.0);
    values[4] = 1e300;
    image.fill(values);
    CHECK_THAT(image_refusal(folder, image), ContainsSubstring("got 1 NaN or infinite of 24"));
  }
}

// Tests that images whose background is not 0 are read as if it were.
#include "io/dataset/background.h"

#include "engine/error.h"
#include "io/dataset/dataset.h"
#include "io/preprocessing/case_cache.h"
#include "tests/io/test_files.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

namespace {

// Makes 4 x 3 x 2 voxels of `background` with 7 and 8 inside, for each modality. Their backgrounds are `step` apart.
io::CaseFiles make_images(const TemporaryFolder& folder, float background, float step) {
  io::CaseFiles files("a", io::LabelProfile::brats());
  for (size_t m = 0; m < 4; ++m) {
    NiftiBytes image;
    image.datatype(16, 32);
    std::vector<float> voxels(24, background + step * static_cast<float>(m));
    voxels[5] = 7, voxels[6] = 8;
    image.fill(voxels);
    files.modalities[m].path = write_bytes(folder / fmt::format("{}.nii", m), image.bytes());
  }
  return files;
}

}  // namespace

TEST_CASE("backgrounds as they are typed") {
  CHECK(io::parse_background("corner").kind == io::Background::Kind::corner);
  CHECK(io::parse_background("-0.4321").value == -0.4321f);
  CHECK(io::parse_background("-0.4321").name() == "-0.4321");
  CHECK(io::parse_background("0").kind == io::Background::Kind::zero);
  for (const char* text : {"", "Corner", "1 2", "nan", "inf", "1e99", "0.5x"}) {
    CHECK_THROWS_AS(io::parse_background(text), UsageError);
  }
}

TEST_CASE("the background is subtracted as images are read") {
  const TemporaryFolder folder;
  SECTION("one value") {
    io::CaseFiles files = make_images(folder, -0.1f, 0);
    files.background = io::parse_background("-0.1");
    for (const std::vector<float>& voxels : io::load_case(files).modalities) {
      CHECK(voxels[0] == 0);
      CHECK(voxels[23] == 0);
      CHECK(voxels[5] == 7 - -0.1f);
    }
    files.background = io::parse_background("-0.2");
    CHECK_THAT(message_of<DataError>([&] { io::load_case(files); }),
               ContainsSubstring("0.nii] expected a background of -0.2") && ContainsSubstring("`background` corner"));
  }
  SECTION("each image its own") {
    io::CaseFiles files = make_images(folder, -0.5f, 0.25f);  // that of flair is 0.25
    files.background = io::parse_background("corner");
    const io::CaseVolumes volumes = io::load_case(files);
    for (size_t m = 0; m < 4; ++m) {
      CHECK(volumes.modalities[m][0] == 0);
      CHECK(volumes.modalities[m][6] == 8.5f - 0.25f * static_cast<float>(m));
    }
    CHECK(io::cropped_to_nonzero(volumes).grid.size == std::array<int64_t, 3>{2, 1, 1});
  }
  SECTION("corners that are not one background") {
    io::CaseFiles files = make_images(folder, -0.5f, 0);
    NiftiBytes image = ramp_image();
    write_bytes(files.modalities[2].path, image.bytes());
    files.background = io::parse_background("corner");
    CHECK_THAT(message_of<DataError>([&] { io::load_case(files); }),
               ContainsSubstring("2.nii] expected one value in all corners") && ContainsSubstring("got -12000, -8100"));
  }
}

TEST_CASE("a cached case is made again for another background") {
  const TemporaryFolder folder;
  io::CaseFiles files = make_images(folder, -0.5f, 0);
  const io::CaseCache cache(folder / "cache", [](const std::string&) {});
  CHECK(cache.load(files).grid.size == std::array<int64_t, 3>{4, 3, 2});
  files.background = io::parse_background("corner");
  CHECK(cache.load(files).grid.size == std::array<int64_t, 3>{2, 1, 1});
  files.background = io::parse_background("-0.5");
  CHECK(cache.load(files).modalities[0] == std::vector<float>{7.5f, 8.5f});
  files.background = {};
  CHECK(cache.load(files).grid.size == std::array<int64_t, 3>{4, 3, 2});
}

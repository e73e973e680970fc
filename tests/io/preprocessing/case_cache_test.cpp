// Tests that cached cases give the same samples as without a cache, and are made again where files have changed or the
// cache is damaged.
#include "io/preprocessing/case_cache.h"

#include <map>

#include "engine/error.h"
#include "io/preprocessing/preprocessing.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

namespace {

namespace fs = std::filesystem;

// Makes a case of 6 x 5 x 4 voxels with a brain in [1, 5) x [1, 4) x [1, 3). Modality m has 100 m + voxel there, and
// the last one has halves, which no int16 holds.
io::CaseFiles make_images(const fs::path& folder, int16_t shift = 0) {
  fs::create_directories(folder);
  io::CaseFiles files(folder.filename().string(), io::LabelProfile::brats());
  files.segmentation = folder / "seg.nii";
  std::vector<uint8_t> labels(120);
  for (size_t m = 0; m < 4; ++m) {
    std::vector<int16_t> whole(120);
    std::vector<float> halves(120);
    for (size_t v = 0; v < 120; ++v) {
      const size_t x = v % 6, y = v / 6 % 5, z = v / 30;
      if (x < 1 || x >= 5 || y < 1 || y >= 4 || z < 1 || z >= 3) continue;
      whole[v] = static_cast<int16_t>(100 * m + v + static_cast<size_t>(shift));
      halves[v] = static_cast<float>(v) + 0.5f;
      labels[v] = v % 3 == 0 ? 4 : 2;
    }
    NiftiBytes image;
    image.dims({6, 5, 4});
    if (m < 3) image.fill(whole);
    if (m == 3) {
      image.datatype(16, 32);
      image.fill(halves);
    }
    files.modalities[m] = {write_bytes(folder / (std::to_string(m) + ".nii"), image.bytes())};
  }
  NiftiBytes segmentation;
  segmentation.dims({6, 5, 4});
  segmentation.datatype(2, 8);
  segmentation.fill(labels);
  write_bytes(*files.segmentation, segmentation.bytes());
  return files;
}

struct Cache {
  std::vector<std::string> damage;
  io::CaseCache cache;
  explicit Cache(const fs::path& folder) : cache(folder, [this](const std::string& text) { damage.push_back(text); }) {}
};

}  // namespace

TEST_CASE("a cached case is the non-zero box of its files, and preprocessed as they are") {
  const TemporaryFolder folder;
  const io::CaseFiles files = make_images(folder / "a");
  Cache c(folder / "cache");
  const io::CaseVolumes read = io::load_case(files);
  for (int time = 0; time < 2; ++time) {  // made, then mapped
    const io::CaseVolumes got = c.cache.load(files);
    CHECK(got.grid.size == io::Size3{4, 3, 2});
    CHECK(got.cropped_at == io::Size3{1, 1, 1});
    CHECK(got.cut_to_nonzero);
    CHECK(got.grid.spacing == read.grid.spacing);
    CHECK(got.modalities[1][0] == 100 + 37);  // (1, 1, 1) is voxel 1 + 6 + 30
    CHECK(got.modalities[3][0] == 37.5f);
    CHECK(got.labels->at(0) == 2);
    for (const io::Size3& size : {io::Size3{4, 4, 4}, io::Size3{2, 2, 2}, io::Size3{8, 8, 8}}) {
      const io::Preprocessed expected = io::preprocess(read, size), cached = io::preprocess(got, size);
      CHECK(cached.image == expected.image);
      CHECK(cached.labels == expected.labels);
      CHECK(cached.cut == expected.cut);
      for (size_t axis = 0; axis < 3; ++axis) {
        CHECK(cached.cropped_at[axis] + cached.placement.box_low[axis] ==
              expected.cropped_at[axis] + expected.placement.box_low[axis]);
      }
    }
  }
  CHECK(c.damage.empty());
  CHECK(std::distance(fs::directory_iterator(folder / "cache"), fs::directory_iterator()) == 1);
}

TEST_CASE("a cached case is made again where its labels stand for something else") {
  const TemporaryFolder folder;
  io::CaseFiles files = make_images(folder / "a");
  Cache c(folder / "cache");
  CHECK(c.cache.load(files).labels->at(2) == 4);  // (3, 1, 1) is voxel 39, a multiple of 3
  files.labels = io::label_profile("brats2024");  // whose 4 is the resection cavity
  CHECK(c.cache.load(files).labels->at(2) == 0);
  CHECK(c.cache.load(files).labels->at(0) == 2);
  // The profiles of the two dataset.json have one name, but 2 and 4 have changed places.
  const auto named = [](std::vector<io::LabelProfile::Meaning> meanings) {
    return io::LabelProfile("of dataset.json", io::brats_task(), std::move(meanings));
  };
  files.labels = named({{0, 0}, {1, 1}, {2, 2}, {4, 4}});
  CHECK(c.cache.load(files).labels->at(0) == 2);
  files.labels = named({{0, 0}, {1, 1}, {2, 4}, {4, 2}});
  CHECK(c.cache.load(files).labels->at(0) == 4);
  CHECK(c.damage.empty());
}

TEST_CASE("a cached case is made again where another frame of its image is the modality") {
  const TemporaryFolder folder;
  NiftiBytes image;
  image.dims({3, 3, 3, 4});
  std::vector<int16_t> voxels(108);
  for (size_t v = 0; v < voxels.size(); ++v) voxels[v] = static_cast<int16_t>(v + 1);
  image.fill(voxels);
  const fs::path path = write_bytes(folder / "a.nii", image.bytes());
  io::CaseFiles files("a", io::LabelProfile::brats());
  for (size_t m = 0; m < 4; ++m) files.modalities[m] = {path, static_cast<int64_t>(m), 4};
  Cache c(folder / "cache");
  CHECK(c.cache.load(files).modalities[0][0] == 1);
  std::swap(files.modalities[0].frame, files.modalities[3].frame);
  CHECK(c.cache.load(files).modalities[0][0] == 1 + 3 * 27);
}

TEST_CASE("a cached case is made again where its files have changed, and where it is damaged") {
  const TemporaryFolder folder;
  io::CaseFiles files = make_images(folder / "a");
  Cache c(folder / "cache");
  c.cache.load(files);
  files = make_images(folder / "a", 7);
  for (const auto& [role, path] : io::files_of(files)) {
    fs::last_write_time(path, fs::last_write_time(path) + std::chrono::seconds(2));  // despite the clock's coarse steps
  }
  CHECK(c.cache.load(files).modalities[1][0] == 100 + 37 + 7);
  CHECK(c.damage.empty());

  // The file gets other voxels in as many bytes, with the old time of modification, as rsync and cp -p leave them.
  std::map<fs::path, fs::file_time_type> times;
  for (const auto& [role, path] : io::files_of(files)) times[path] = fs::last_write_time(path);
  files = make_images(folder / "a", 9);
  for (const auto& [path, time] : times) fs::last_write_time(path, time);
  CHECK(c.cache.load(files).modalities[1][0] == 100 + 37 + 9);
  files = make_images(folder / "a", 7);
  c.cache.load(files);

  const fs::path cached = folder / "cache/a.case";
  const std::string whole = read_bytes(cached);
  for (const std::string& damaged :
       {whole.substr(0, whole.size() - 1), whole + "x", std::string("{}"), std::string("no JSON\n"),
        std::string(whole).replace(whole.size() - 5, 1, "?"), std::string(whole).replace(3, 1, "?"),
        std::string(whole).replace(whole.find("\"size\":[4,3,2]"), 14, "\"size\":[3,4,2]")}) {
    write_bytes(cached, damaged);
    c.damage.clear();
    CHECK(c.cache.load(files).modalities[1][0] == 100 + 37 + 7);
    REQUIRE(c.damage.size() == 1);
    CHECK_THAT(c.damage[0], ContainsSubstring("a.case] expected ") && ContainsSubstring("made again"));
    CHECK(read_bytes(cached) == whole);
  }
  fs::remove(files.modalities[2].path);
  CHECK_THAT(message_of<DataError>([&] { c.cache.load(files); }),
             ContainsSubstring("2.nii] expected a file that can be read"));
  CHECK_THROWS_AS(Cache(files.modalities[0].path), DataError);
}

TEST_CASE("a cache of files below a folder whose name is not UTF-8 is used again") {
  const TemporaryFolder folder;
  const io::CaseFiles files = make_images(folder / "caf\xe9/a");
  Cache c(folder / "cache");
  const io::CaseVolumes made = c.cache.load(files);
  const auto time = fs::last_write_time(folder / "cache/a.case");
  CHECK(c.cache.load(files).modalities == made.modalities);
  CHECK(fs::last_write_time(folder / "cache/a.case") == time);
  CHECK(c.damage.empty());
}

TEST_CASE("a cached case with a sound checksum and other values is made again") {
  const TemporaryFolder folder;
  const io::CaseFiles files = make_images(folder / "a");
  Cache c(folder / "cache");
  const io::CaseVolumes made = c.cache.load(files);
  const std::string bytes = read_bytes(folder / "cache/a.case");
  size_t tried = 0;
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"[4,3,2]", "[-4,-3,2]"},
           {"[4,3,2]", "[4611686018427387904,2,2]"},
           {"[4,3,2]", "[2097152,2097152,2097152]"},
           {"[4,3,2]", "[4.5,3,2]"},
           {"[4,3,2]", "\"many\""},
           {"[4,3,2]", std::string(60'000, '[') + std::string(60'000, ']')},
           {"\"labels\":true", "\"labels\":\"yes\""},
           {"\"types\":[\"int16\"", "\"types\":[[1]"},
           {"\"format\":", "\"form\":"},
       }) {
    std::string content = bytes.substr(9);
    const size_t at = content.find(from);
    REQUIRE(at != std::string::npos);
    content.replace(at, from.size(), to);
    const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
    write_bytes(folder / "cache/a.case", fmt::format("{:08x}\n", crc) + content);
    CHECK(c.cache.load(files).modalities == made.modalities);
    CHECK(c.damage.size() == ++tried);
    CHECK_THAT(c.damage.back(), ContainsSubstring("a.case] expected "));
  }
}

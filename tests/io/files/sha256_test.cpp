// Tests sums of files that are computed while the files are read for another reason, against those of sha256sum.
#include "io/files/sha256.h"

#include "io/check/check.h"
#include "io/nifti/nifti.h"
#include "tests/io/check/made_dataset.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;

namespace {

// Returns one gzip member of stored blocks, byte by byte as RFC 1951 and 1952 have it, so that no zlib decides on it.
std::string stored_gzip(const std::string& bytes) {
  std::string member("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  for (size_t done = 0; done < bytes.size();) {
    const size_t count = std::min<size_t>(65535, bytes.size() - done);
    member += static_cast<char>(done + count == bytes.size());
    member += bytes_of(static_cast<uint16_t>(count), false) + bytes_of(static_cast<uint16_t>(~count), false);
    member += bytes.substr(done, count);
    done += count;
  }
  const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return member + bytes_of(static_cast<uint32_t>(crc), false) + bytes_of(static_cast<uint32_t>(bytes.size()), false);
}

// Returns an image of 64 x 64 x 48 voxels, which takes several reads.
std::string large_image() {
  NiftiBytes image;
  image.dims({64, 64, 48});
  std::vector<int16_t> voxels(64 * 64 * 48);
  for (size_t v = 0; v < voxels.size(); ++v) voxels[v] = static_cast<int16_t>(v % 7919);
  image.fill(voxels);
  return image.bytes();
}

std::string sum_while_reading(const fs::path& path) {
  io::Sha256 sum;
  io::read_nifti(path, io::NonFinite::is_allowed, &sum);
  return sum.finish();
}

}  // namespace

TEST_CASE("bytes that come in parts have the sum of the whole") {
  io::Sha256 sum;
  sum.add("a", 1);
  sum.add("", 0);
  sum.add("bc", 2);
  // FIPS 180-2, appendix B
  CHECK(sum.finish() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(io::Sha256().finish() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// The sums are sha256sum's, of files that Python wrote from the same description.
TEST_CASE("an image's file is summed as it is on disk while its voxels are read") {
  const TemporaryFolder folder;
  const std::string image = large_image(), compressed = stored_gzip(image);
  CHECK(sum_while_reading(write_bytes(folder / "a.nii", image)) ==
        "f2b7faac5e179f4ac4f59627ab9748ce442963b418a636687d0d4fcff8296d3a");
  CHECK(sum_while_reading(write_bytes(folder / "a.nii.gz", compressed)) ==
        "8ac6498b477845dbb5479ff115cc01fb50f1b4b6c14f031fec12638c5cc775e7");
  CHECK(sum_while_reading(write_bytes(folder / "padded.nii.gz", compressed + std::string(1000, '\0'))) ==
        "5a20454546e501c9159b41d04b109b36eb6c6168f6f1b053c3eb0bd1e4ab7b76");
}

TEST_CASE("a full check before a start hands on the sums of the files that it read whole", "[check]") {
  MadeDataset made;
  made.add("a", 1);
  made.add("b", 2);
  const fs::path cut = made.file("b", "t2.nii.gz");
  const std::string bytes = read_bytes(cut);
  write_bytes(cut, bytes.substr(0, bytes.size() - 4));
  const std::vector<io::CaseFiles> cases = io::find_cases(made.folder.path());

  const io::StartCheck check = io::check_before_start(cases, {.wants_sums = true});
  CHECK(check.sums.size() == 9);
  for (const auto& [path, sum] : check.sums) CHECK(sum == io::sha256_of_file(path));
  CHECK_FALSE(check.sums.contains(cut));
  REQUIRE(check.violations[1].size() == 1);
  CHECK_THAT(check.violations[1][0], Catch::Matchers::ContainsSubstring("expected a complete gzip stream"));
  CHECK(io::check_before_start(cases, {}).sums.empty());
  CHECK(io::check_before_start(cases, {.level = io::CheckLevel::headers, .wants_sums = true}).sums.empty());
}

// Tests that the pictures of a run and of predictions are the same, however the cases are stored.

#include "io/dataset/dataset.h"
#include "tests/support/catch.h"
#include "tests/support/picture.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
namespace fs = std::filesystem;

namespace {

// Trains with one validation case and two others. Returns the first validation's picture, by its case's name.
std::map<std::string, std::string> pictures_of_run(const fs::path& data, const fs::path& run, const std::string& more) {
  const std::string options = "--channels 4,8 --size 24,24,24 --val-fraction 0.34 --epochs 1 --no-tensorboard ";
  const ToolResult got = train(data, run, options + more);
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  std::map<std::string, std::string> pictures;
  for (const auto& entry : fs::directory_iterator(run / "previews")) {
    pictures[entry.path().filename().string()] = read_bytes(entry.path());
  }
  return pictures;
}

// Returns the voxels with x and y exchanged.
template <class T>
std::vector<T> turned(const std::vector<T>& voxels, const std::array<int64_t, 3>& size) {
  const auto [X, Y, Z] = size;
  std::vector<T> result;
  for (int64_t z = 0; z < Z; ++z)
    for (int64_t y = 0; y < Y; ++y)
      for (int64_t x = 0; x < X; ++x) {
        result.push_back(voxels[static_cast<size_t>((X - 1 - x) + X * ((Y - 1 - y) + Y * z))]);
      }
  return result;
}

enum class Sides { right_anterior, unsaid };

// Writes the brain at the same place of the world: x to the right and y to the front, or as BraTS has them with a
// header that does not say so.
template <class T>
void write_image(const fs::path& path, const std::vector<T>& voxels, const std::array<int64_t, 3>& size, int datatype,
                 Sides sides) {
  NiftiBytes image;
  image.dims({size[0], size[1], size[2]});
  image.datatype(datatype, 8 * sizeof(T));
  if (sides == Sides::right_anterior) {
    const auto from = [&](size_t axis) { return -static_cast<double>(size[axis] - 1) / 2; };  // the centre is at 0
    image.srow({1, 0, 0, from(0), 0, 1, 0, from(1), 0, 0, 1, from(2)});
  }
  image.fill(sides == Sides::right_anterior ? turned(voxels, size) : voxels);
  write_bytes(path, image.bytes());
}

fs::path write_again(const fs::path& data, const fs::path& out, Sides sides) {
  for (const io::CaseFiles& files : io::find_cases(data)) {
    const io::CaseVolumes v = io::load_case(files);
    fs::create_directories(out / v.name);
    for (size_t m = 0; m < v.modalities.size(); ++m) {
      write_image(out / v.name / fmt::format("{}_{}.nii", v.name, io::brats_task()->modalities()[m]), v.modalities[m],
                  v.grid.size, 16, sides);
    }
    write_image(out / v.name / (v.name + "_seg.nii"), v.labels.value(), v.grid.size, 2, sides);
  }
  return out;
}

// Returns which pixels of a PNG have a colour, as outlines and fills of regions have.
std::vector<std::pair<int, int>> coloured_pixels(const std::string& png) {
  std::vector<std::pair<int, int>> pixels;
  const Picture picture(png);
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) {
      const Rgb p = picture.at(x, y);
      if (std::max({p.red, p.green, p.blue}) - std::min({p.red, p.green, p.blue}) > 60) pixels.emplace_back(x, y);
    }
  }
  return pixels;
}

}  // namespace

TEST_CASE("a run's pictures are in radiological orientation whatever that of the files", "[report][view][data]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  write_again(data, folder / "ras", Sides::right_anterior);
  const auto expected = pictures_of_run(data, folder / "run", "");
  const auto ras = pictures_of_run(folder / "ras", folder / "run-ras", "");
  REQUIRE((expected.size() == 1 && ras.size() == 1));
  const std::string &here = expected.begin()->second, &there = ras.begin()->second;
  CHECK((coloured_pixels(here) == coloured_pixels(there)));  // too long to print
  CHECK(coloured_pixels(here).size() > 400);
  CHECK((here != there));  // the slices have the numbers of their files
}

TEST_CASE("a run's pictures are the same with and without a cache", "[report][view]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  const auto expected = pictures_of_run(data, folder / "run", "");
  REQUIRE(expected.size() == 1);
  const std::string cache = fmt::format("--cache '{}'", (folder / "cache").string());
  CHECK((pictures_of_run(data, folder / "run-cached", cache) == expected));
}

TEST_CASE("overlays are in radiological orientation whatever that of the files", "[view][predict][data]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), weights = write_untrained(folder / "untrained.safetensors");
  const auto overlay = [&](const fs::path& of, const std::string& out) {
    REQUIRE(predict(weights, of, folder / out, "--overlay").exit_code == 0);
    return folder / out / "Phantom_001.png";
  };
  const fs::path straight = overlay(data, "out");
  const fs::path ras = overlay(write_again(data, folder / "ras", Sides::right_anterior), "out-ras");
  const fs::path unsaid = overlay(write_again(data, folder / "unsaid", Sides::unsaid), "out-unsaid");
  const auto expected = coloured_pixels(read_bytes(straight));
  REQUIRE(expected.size() > 400);  // more than those next to the captions, 100 each
  CHECK((coloured_pixels(read_bytes(ras)) == expected));
  CHECK((coloured_pixels(read_bytes(unsaid)) == expected));
  // The slices have the numbers of their files. Sides that a file does not name are not named.
  CHECK((read_bytes(ras) != read_bytes(straight)));
  CHECK((read_bytes(unsaid) != read_bytes(straight)));
}

// Tests means over networks and over mirror images.

#include "models/inference/ensemble.h"
#include "engine/rng.h"
#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr io::Size3 kSize = {6, 8, 4};

std::vector<float> random_image() {
  Rng rng(4);
  std::vector<float> image(static_cast<size_t>(kSize[0] * kSize[1] * kSize[2] * 4));
  for (float& v : image) v = static_cast<float>(rng.normal());
  return image;
}

float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  float largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

fs::path weights_of_seed(const fs::path& path, uint64_t seed, const io::Size3& size = kSize) {
  Device device;
  save_weights(path, *make_unet(Context{device}, tiny_network, DType::f32, seed), size);
  return path;
}

}  // namespace

TEST_CASE("mirroring goes through one axis at a time", "[predict]") {
  CHECK(parse_mirror_axes("none") == MirrorAxes{});
  CHECK(parse_mirror_axes("x") == MirrorAxes{true, false, false});
  CHECK(parse_mirror_axes("z,y") == MirrorAxes{false, true, true});
  for (const char* bad : {"", "x,", "x,x", "xy", "w", "x;y"}) {
    INFO(bad);
    CHECK_THROWS_AS(parse_mirror_axes(bad), UsageError);
  }
  // These are two channels of a volume of 2 x 1 x 3: 10 x + z, and a hundred times that.
  const std::vector<float> values = {0, 0, 1, 100, 2, 200, 10, 1000, 11, 1100, 12, 1200};
  CHECK(mirrored(values, {2, 1, 3}, 2, {true, true, false}) ==
        std::vector<float>{10, 1000, 11, 1100, 12, 1200, 0, 0, 1, 100, 2, 200});
  CHECK(mirrored(values, {2, 1, 3}, 2, {false, false, true}) ==
        std::vector<float>{2, 200, 1, 100, 0, 0, 12, 1200, 11, 1100, 10, 1000});
  CHECK(mirrored(mirrored(values, {2, 1, 3}, 2, {true, false, true}), {2, 1, 3}, 2, {true, false, true}) == values);
}

TEST_CASE("a prediction of all mirror images does not know left from right", "[predict]") {
  const TemporaryFolder folder;
  Device device;
  const std::vector<fs::path> weights = {weights_of_seed(folder / "a.safetensors", 1)};
  const std::vector<float> image = random_image();
  for (const MirrorAxes& axes : {MirrorAxes{true, false, false}, {false, true, true}, {true, true, true}}) {
    const Ensemble mirroring({device}, weights, Precision::fp32, axes), plain({device}, weights, Precision::fp32, {});
    const auto difference = [&](const Ensemble& ensemble) {
      const auto seen = ensemble.probabilities(mirrored(image, kSize, 4, axes), kSize);
      return largest_difference(mirrored(seen, kSize, 3, axes), ensemble.probabilities(image, kSize));
    };
    CHECK(difference(mirroring) <= 1e-6f);  // the same sums of up to eight probabilities, in another order
    CHECK(difference(plain) > 1e-3f);
  }
}

TEST_CASE("revunet-predict --mirror gives the mean of the predictions of mirrored files, mirrored back", "[predict]") {
  const TemporaryFolder folder;
  constexpr io::Size3 size = {8, 6, 10};
  const fs::path weights = weights_of_seed(folder / "w.safetensors", 1, size);
  // Returns the voxels of a file, x fastest, reversed along some axes, each frame of `count` voxels by itself.
  const auto turned = [&](const std::vector<float>& voxels, const MirrorAxes& axes) {
    const auto [X, Y, Z] = size;
    std::vector<float> result;
    for (size_t frame = 0; frame < voxels.size(); frame += static_cast<size_t>(X * Y * Z)) {
      for (int64_t z = 0; z < Z; ++z)
        for (int64_t y = 0; y < Y; ++y)
          for (int64_t x = 0; x < X; ++x) {
            const int64_t i = axes[0] ? X - 1 - x : x, j = axes[1] ? Y - 1 - y : y, k = axes[2] ? Z - 1 - z : z;
            result.push_back(voxels[frame + static_cast<size_t>(i + X * (j + Y * k))]);
          }
    }
    return result;
  };
  const auto predicted = [&](const std::string& name, const MirrorAxes& axes, const std::string& more) {
    Rng rng(9);  // no voxel is 0: the brain fills the image
    fs::create_directories(folder / name / "case");
    for (const char* modality : {"t1", "t1ce", "t2", "flair"}) {
      std::vector<float> voxels(static_cast<size_t>(size[0] * size[1] * size[2]));
      for (float& v : voxels) v = static_cast<float>(1 + rng.uniform());
      io::write_nifti(folder / name / fmt::format("case/case_{}.nii", modality), io::make_nifti_header(size, {1, 1, 1}),
                      turned(voxels, axes), 1);
    }
    const ToolResult got = predict(weights, folder / name, folder / (name + "-out"), "--probabilities " + more);
    INFO(got.errors);
    REQUIRE(got.exit_code == 0);
    return turned(io::read_nifti(folder / (name + "-out") / "case_probabilities.nii.gz").voxels, axes);
  };
  std::vector<float> mean(static_cast<size_t>(3 * size[0] * size[1] * size[2]));
  for (const auto& [name, axes] : {std::pair{"none", MirrorAxes{}},
                                   {"x", {true, false, false}},
                                   {"z", {false, false, true}},
                                   {"xz", {true, false, true}}}) {
    const std::vector<float> one = predicted(name, axes, "");
    REQUIRE(one.size() == mean.size());
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += one[i] / 4;
  }
  const std::vector<float> got = predicted("mirror", {}, "--mirror x,z");
  CHECK(largest_difference(got, mean) <= 1e-6f);  // standardisation adds mirrored voxels up in another order
  CHECK(largest_difference(got, predicted("plain", {}, "")) > 1e-3f);
}

TEST_CASE("an ensemble's prediction is the mean of its networks'", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1);
  const fs::path a = weights_of_seed(folder / "a.safetensors", 1, {32, 32, 32}),
                 b = weights_of_seed(folder / "b.safetensors", 2, {32, 32, 32});
  const auto probabilities = [&](const std::string& weights, const std::string& out) {
    const ToolResult got =
        run_tool("revunet-predict", fmt::format("--weights {} --data '{}' --out '{}' --probabilities", weights,
                                                data.string(), (folder / out).string()));
    REQUIRE(got.exit_code == 0);
    return io::read_nifti(folder / out / "Phantom_001_probabilities.nii.gz").voxels;
  };
  const auto of_a = probabilities(a.string(), "a"), of_b = probabilities(b.string(), "b");
  const auto of_both = probabilities(a.string() + " " + b.string(), "both");
  CHECK(largest_difference(of_a, of_b) > 1e-3f);
  std::vector<float> mean(of_a.size());
  for (size_t i = 0; i < mean.size(); ++i) mean[i] = (of_a[i] + of_b[i]) / 2;
  CHECK(of_both == mean);

  const fs::path other = weights_of_seed(folder / "c.safetensors", 1, {16, 16, 16});
  const std::string arguments = fmt::format("--weights '{}' '{}' --data '{}' --out '{}'", a.string(), other.string(),
                                            data.string(), (folder / "out").string());
  const ToolResult refused = run_tool("revunet-predict", arguments);
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.errors, ContainsSubstring("[--weights] expected networks of one field of view"));
  CHECK(run_tool("revunet-predict", arguments + " --size 32,32,32 --mirror x").exit_code == 0);
}

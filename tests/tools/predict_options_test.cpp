// Tests what options of revunet-predict do to its files: means over mirror images and networks, the removal of small
// pieces, and overlays.
#include <cmath>

#include "engine/rng.h"
#include "io/nifti/nifti.h"
#include "io/scores/components.h"
#include "io/task/brats_task.h"
#include "models/inference/ensemble.h"
#include "tests/models/inference/seeded_weights.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr int64_t kRegions = 3;  // of BraTS's task

io::Components components_of(const io::LabelImage& image, size_t region) {
  std::vector<uint8_t> mask;
  for (const uint8_t label : image.labels) mask.push_back(io::brats_task()->regions_of(label).test(region));
  return io::connected_components(mask, image.grid.size);
}

// Writes untrained weights whose last bias is lowered until a region holds only the highest values of its channel,
// which form pieces.
fs::path write_scattering(const fs::path& path, const io::SafetensorsFile& untrained, const io::NiftiImage& seen) {
  const size_t voxels = seen.voxels.size() / kRegions;
  std::vector<float> logits;  // of each region's threshold
  for (size_t region = 0; region < kRegions; ++region) {
    std::vector<float> values;
    for (size_t v = 0; v < voxels; ++v) {
      if (const float p = seen.voxels[region * voxels + v]; p > 0) values.push_back(p);
    }
    const auto high = values.begin() + static_cast<int64_t>(0.97 * static_cast<double>(values.size()));
    std::ranges::nth_element(values, high);
    logits.push_back(std::log(*high / (1 - *high)));
  }
  const auto lowered = [&](const std::string& name, const io::HostTensor& t) {
    if (!name.ends_with("bias") || t.count() != kRegions) return t;
    std::vector<float> bias = t.to_f32();
    for (size_t r = 0; r < bias.size(); ++r) bias[r] -= logits[r];
    return io::HostTensor::from_f32(t.shape(), bias);
  };
  io::write_safetensors(path, changed(untrained, true, lowered));
  return path;
}

}  // namespace

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

TEST_CASE("revunet-predict removes small pieces from labels and from no probabilities", "[components][predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), untrained = write_untrained(folder / "u.safetensors");
  REQUIRE(predict(untrained, data, folder / "first", "--probabilities").exit_code == 0);
  const fs::path weights = write_scattering(folder / "w.safetensors", io::read_safetensors(untrained),
                                            io::read_nifti(folder / "first/Phantom_001_probabilities.nii.gz"));
  const auto predicted = [&](const std::string& out, const std::string& more) {
    const ToolResult got = predict(weights, data, folder / out, "--probabilities " + more);
    INFO(got.errors);
    REQUIRE(got.exit_code == 0);
    return io::read_nifti_labels(folder / out / "Phantom_001.nii.gz");
  };
  const io::LabelImage all = predicted("all", ""), largest = predicted("largest", "--keep-components 1"),
                       large = predicted("large", "--min-component-volume 20");
  const io::Components before = components_of(all, 0), after = components_of(largest, 0);
  REQUIRE(before.count() > 2);  // otherwise this tests nothing
  CHECK(after.voxels == std::vector<int64_t>{*std::ranges::max_element(before.voxels)});
  for (size_t region = 0; region < kRegions; ++region) {
    CHECK(components_of(largest, region).count() <= 1);
    for (const int64_t voxels : components_of(large, region).voxels) CHECK(voxels >= 20);
  }
  CHECK(components_of(large, 0).count() == std::ranges::count_if(before.voxels, [](int64_t v) { return v >= 20; }));
  for (const char* out : {"largest", "large"}) {
    CHECK(read_bytes(folder / out / "Phantom_001_probabilities.nii.gz") ==
          read_bytes(folder / "all/Phantom_001_probabilities.nii.gz"));
  }
  CHECK_THAT(predict(weights, data, folder / "none", "--keep-components 0").errors,
             ContainsSubstring("[--keep-components] expected a whole number from 1 to 1000000000, got 0"));
  CHECK(predict(weights, data, folder / "none", "--min-component-volume=-1").exit_code == 2);
}

TEST_CASE("revunet-predict --overlay draws what it predicts next to its labels", "[view][predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), weights = write_untrained(folder / "untrained.safetensors");
  REQUIRE(predict(weights, data, folder / "plain").exit_code == 0);
  const ToolResult got = predict(weights, data, folder / "out", "--overlay");
  REQUIRE(got.exit_code == 0);
  CHECK(read_bytes(folder / "out/Phantom_001.nii.gz") == read_bytes(folder / "plain/Phantom_001.nii.gz"));
  CHECK_FALSE(fs::exists(folder / "plain/Phantom_001.png"));
  const std::string with_reference = read_bytes(folder / "out/Phantom_001.png");
  fs::remove(data / "Phantom_001/Phantom_001_seg.nii.gz");
  REQUIRE(predict(weights, data, folder / "alone", "--overlay").exit_code == 0);
  CHECK((read_bytes(folder / "alone/Phantom_001.png") != with_reference));
  const ToolResult refused = predict(weights, data, folder / "alone", "--overlay");
  CHECK(refused.exit_code == 2);
  fs::remove(folder / "alone/Phantom_001.nii.gz");
  CHECK_THAT(predict(weights, data, folder / "alone", "--overlay").errors, ContainsSubstring("Phantom_001.png"));
}

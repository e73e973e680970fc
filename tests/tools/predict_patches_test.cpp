// Tests revunet-predict by patches: what it writes, which cases it takes in, and what it refuses.
#include <cmath>

#include "models/inference/ensemble.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

TEST_CASE("revunet-predict --patch --overlap weighs what overlapping patches say", "[windows][predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), weights = write_untrained(folder / "w.safetensors");
  const ToolResult got =
      predict(weights, data, folder / "out", "--probabilities --size 32,32,32 --patch 32,32,20 --overlap 0.4");
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("field of view 32,32,32 (from --size) by patches of 32,32,20, overlap 0.4"));
  const io::NiftiImage written = io::read_nifti(folder / "out/Phantom_001_probabilities.nii.gz");

  // Patches begin at z = 0 and 12, and each goes through the network. At z their weights are exp(-d^2 / 2) with d = (z
  // - 9.5) / 2.5 and (z - 21.5) / 2.5 deviations, an eighth of 20 voxels. Along x and y both weigh the same.
  const io::CaseVolumes volumes = io::load_case(io::find_cases(data).front());
  const io::Preprocessed input = io::preprocess(volumes, {32, 32, 32});
  Device device;
  const Ensemble ensemble({device}, {weights}, Precision::fp32, {});
  std::vector<double> sums(32 * 32 * 32 * 3), weight_sums(32);
  for (const int64_t start : {0, 12}) {
    std::vector<float> seen;
    for (int64_t column = 0; column < 32 * 32; ++column) {
      const auto line = input.image.begin() + (column * 32 + start) * 4;
      seen.insert(seen.end(), line, line + 20 * 4);
    }
    const std::vector<float> out = ensemble.probabilities(seen, {32, 32, 20});
    for (int64_t z = 0; z < 20; ++z) {
      const double d = (static_cast<double>(z) - 9.5) / 2.5, weight = std::exp(-d * d / 2);
      weight_sums[static_cast<size_t>(start + z)] += weight;
      for (int64_t column = 0; column < 32 * 32; ++column) {
        for (int64_t c = 0; c < 3; ++c) {
          sums[static_cast<size_t>((column * 32 + start + z) * 3 + c)] +=
              weight * static_cast<double>(out[static_cast<size_t>((column * 20 + z) * 3 + c)]);
        }
      }
    }
  }
  std::vector<float> expected;
  for (size_t i = 0; i < sums.size(); ++i) expected.push_back(static_cast<float>(sums[i] / weight_sums[i / 3 % 32]));
  const std::vector<float> placed = io::paste_channels_back(expected, 3, input.placement, volumes.grid.size);
  REQUIRE(written.voxels.size() == placed.size());
  float largest = 0;
  for (size_t i = 0; i < placed.size(); ++i) largest = std::max(largest, std::abs(placed[i] - written.voxels[i]));
  CHECK(largest <= 1e-6f);  // the tool sums in f32
}

TEST_CASE("revunet-predict --patch takes in the whole brain, whatever the weights' size", "[windows][predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1);
  // The last convolution gives 2 for WT at every voxel: where the network looked, the label is not 0.
  const io::SafetensorsFile untrained =
      io::read_safetensors(write_untrained(folder / "u.safetensors", tiny_network, {16, 16, 16}));
  std::string bias, weight;
  for (const auto& entry : untrained.entries()) {
    if (entry.name.ends_with("bias") && entry.tensor.count() == 3) bias = entry.name;
  }
  REQUIRE_FALSE(bias.empty());
  weight = bias.substr(0, bias.size() - 4) + "weight";
  const fs::path weights = folder / "w.safetensors";
  io::write_safetensors(weights, with_filled(with_filled(untrained, weight, 0), bias, 2));

  const ToolResult cropped = predict(weights, data, folder / "cropped");
  CHECK_THAT(cropped.errors, ContainsSubstring("voxels larger along x,y,z than the field of view"));
  const ToolResult got = predict(weights, data, folder / "out", "--patch 16,16,16");
  REQUIRE(got.exit_code == 0);
  CHECK(got.errors.empty());
  CHECK_THAT(got.output,
             ContainsSubstring("field of view the whole box of each case by patches of 16,16,16, overlap 0.5"));
  const io::CaseVolumes volumes = io::load_case(io::find_cases(data).front());
  const io::LabelImage labels = io::read_nifti_labels(folder / "out/Phantom_001.nii.gz"),
                       without = io::read_nifti_labels(folder / "cropped/Phantom_001.nii.gz");
  int64_t missing = 0, cut = 0;
  for (size_t i = 0; i < labels.labels.size(); ++i) {
    const bool brain = std::ranges::any_of(volumes.modalities, [&](const auto& m) { return m[i] != 0; });
    missing += brain && labels.labels[i] == 0;
    cut += brain && without.labels[i] == 0;
  }
  CHECK(missing == 0);
  CHECK(cut > 0);  // otherwise there was nothing to take in
  // A patch larger than the brain is padded.
  CHECK(predict(weights, data, folder / "large", "--patch 48,40,44").exit_code == 0);

  const auto refused = [&](const std::string& more, const std::string& reason) {
    const ToolResult result = predict(weights, data, folder / "refused", more);
    CHECK(result.exit_code == 2);
    CHECK_THAT(result.errors, ContainsSubstring(reason));
    CHECK_FALSE(fs::exists(folder / "refused"));
  };
  refused("--patch 15,16,16", "expected");  // the network halves its input once
  refused("--patch 16,16", "[--patch] expected three positive sizes");
  refused("--patch 32,32,32 --size 16,16,16", "[--patch] expected patches that fit into --size 16,16,16");
  refused("--patch 16,16,16 --overlap 1", "[--overlap] expected a number from 0 to below 1");
  refused("--patch 16,16,16 --overlap=-0.1", "[--overlap] expected a number from 0 to below 1");
  refused("--overlap 0.5", "give --patch as well");
}

TEST_CASE("revunet-predict goes by the patches that its weights name", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), weights = folder / "w.safetensors";
  Device device;
  save_weights(weights, *make_unet(Context{device}, tiny_network, DType::f32, 7), {32, 32, 32},
               io::VolumeSize{16, 16, 16});
  const fs::path older = write_untrained(folder / "older.safetensors");  // the same values, and no patch
  const auto made = [&](const fs::path& from, const std::string& out, const std::string& more) {
    const ToolResult got = predict(from, data, folder / out, "--probabilities " + more);
    REQUIRE(got.exit_code == 0);
    return read_bytes(folder / out / "Phantom_001_probabilities.nii.gz");
  };
  const std::string by_patches = made(older, "a", "--patch 16,16,16"), at_once = made(older, "b", "");
  CHECK(by_patches != at_once);
  CHECK(made(weights, "c", "") == by_patches);
  CHECK(made(weights, "d", "--patch full") == at_once);
}

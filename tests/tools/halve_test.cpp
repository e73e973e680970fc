// Tests --halve: networks for images with few slices, from the dataset's choice to predictions.
#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/small_images.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr const char* kFew = "--channels 4,8,12 --check headers --previews 0 --val-fraction 0";

// Makes cases of 16 x 16 x 5 voxels of noise, with a bright box that is labelled.
fs::path make_flat_dataset(const fs::path& root, int cases) {
  const SmallGrid grid{.size = {16, 16, 5}};
  for (int c = 0; c < cases; ++c) {
    const auto inside = [c](int64_t x, int64_t y, int64_t z) {
      return x >= 4 && x < 10 && y >= 5 + c && y < 9 + c && z >= 1 && z < 4;
    };
    write_segmentation(root / fmt::format("labelsTr/flat_{}.nii", c), grid, inside);
    write_image(root / fmt::format("imagesTr/flat_{}.nii", c), grid,
                [&](int64_t x, int64_t y, int64_t z) { return noise(x, y, z, c) + 100 * inside(x, y, z); });
  }
  make_file(root / "dataset.json", R"({"name": "Flat", "modality": {"0": "MRI"},
    "labels": {"0": "background", "1": "Box"}})");
  return root;
}

std::string halve_of_weights(const fs::path& file) {
  const auto metadata = io::read_safetensors(file).metadata;
  return metadata.contains("halve") ? metadata.at("halve") : "";
}

}  // namespace

TEST_CASE("a dataset with few slices chooses steps that leave their number as it is", "[train][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_flat_dataset(folder / "data", 2), run = folder / "run";
  const ToolResult got = train(data, run, "--max-steps 1 --check headers --previews 0 --val-fraction 0");
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(
      got.output,
      ContainsSubstring("--channels 32,64,128: those of nnU-Net, and 3 levels, because the median of 2 cases has "
                        "16,16,5 voxels of 1,1,1 mm") &&
          ContainsSubstring(
              "--halve xy,xy: the median of 2 cases has 16,16,5 voxels of 1,1,1 mm, and a step halves an axis "
              "where that leaves at least 4 voxels along it") &&
          ContainsSubstring("--size 16,16,5: the largest of 2 cases has 16,16,5 voxels, and sizes are multiples "
                            "of 4,4,1") &&
          ContainsSubstring("channels 32,64,128, halving xy,xy, "));
  CHECK_THAT(read_bytes(run / "config.toml"), ContainsSubstring("halve = \"xy,xy\"\n"));
  CHECK(halve_of_weights(run / "last.safetensors") == "xy,xy");
  CHECK_THAT(got.output,
             ContainsSubstring("--rotation-plane xy: the median of 2 cases has 16,16,5 voxels of 1,1,1 mm"));
  CHECK(io::read_safetensors(run / "last.safetensors").metadata.at("format") == "revunet-2");
  // What is given stays. The usual steps are not mentioned.
  const ToolResult given =
      train(data, folder / "given", std::string(kFew) + " --halve xyz,xyz --max-steps 1 --size 16,16,8");
  INFO(given.errors);
  REQUIRE(given.exit_code == 0);
  CHECK_THAT(given.output, !ContainsSubstring("halv"));
  CHECK_THAT(read_bytes(folder / "given/config.toml"), ContainsSubstring("halve = \"xyz,xyz\"\n"));
  CHECK(halve_of_weights(folder / "given/last.safetensors").empty());
  CHECK(io::read_safetensors(folder / "given/last.safetensors").metadata.at("format") == "revunet-1");
  // A run of its configuration has the same network.
  const ToolResult again = run_tool(
      "revunet-train",
      fmt::format("--config '{}' --out '{}'", (folder / "given/config.toml").string(), (folder / "again").string()),
      patient_threads);
  INFO(again.errors);
  REQUIRE(again.exit_code == 0);
  const auto bytes = [&](const char* name) { return read_bytes(folder / name / "last.safetensors"); };
  CHECK((bytes("again") == bytes("given")));
  // Flips that never happen are refused, and words that no network has, before any image is read.
  expect_train_refusal(run_tool("revunet-train", fmt::format("--config '{}' --out '{}' --flip-axes x",
                                                             (run / "config.toml").string(), (folder / "x").string())),
                       2, "--flip-axes");
  fs::resize_file(data / "imagesTr/flat_1.nii", 400);
  expect_train_refusal(train(data, folder / "x", "--halve xy,xy,xy,xy,xy"), 2, "[--halve] expected at most 4 words");
  expect_train_refusal(train(data, folder / "x", "--protocol paper --halve xy"), 2,
                       "[--halve] expected a word for each");
  make_flat_dataset(data, 2);
  const ToolResult words = train(data, folder / "words", "--halve y --max-steps 1 --val-fraction 0");
  CHECK_THAT(words.output, ContainsSubstring("--channels 32,64: those of nnU-Net, and 2 levels, because --halve has a "
                                             "word for each step between them"));
}

TEST_CASE("a run that halves some axes goes on with the same bits, and predicts", "[train][resume][predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_flat_dataset(folder / "data", 2), run = folder / "run", stopped = folder / "stopped";
  REQUIRE(train(data, run, std::string(kFew) + " --epochs 2 --max-steps 4").exit_code == 0);
  REQUIRE(train(data, stopped, std::string(kFew) + " --epochs 2 --max-steps 2").exit_code == 0);
  const auto resume = [&](const std::string& more) {
    return run_tool("revunet-train", fmt::format("--resume '{}' --max-steps 4 {}", stopped.string(), more),
                    patient_threads);
  };
  expect_train_refusal(resume("--halve xyz,xyz --size 16,16,8"), 3,
                       "expected a network whose steps between levels halve all axes, got xy,xy; it is of another");
  const ToolResult resumed = resume("");
  INFO(resumed.errors);
  REQUIRE(resumed.exit_code == 0);
  CHECK((read_bytes(stopped / "last.safetensors") == read_bytes(run / "last.safetensors")));

  const fs::path weights = run / "last.safetensors";
  for (const std::string view : {"", "--patch 8,12,5", "--size 12,16,3 --mirror x,z"}) {
    INFO(view);
    const fs::path out = folder / ("out" + std::to_string(view.size()));
    const ToolResult got = predict(weights, data / "imagesTr", out, view);
    INFO(got.errors);
    REQUIRE(got.exit_code == 0);
    CHECK_THAT(got.output, ContainsSubstring("channels 4,8,12, halving xy,xy, "));
    CHECK(io::read_nifti_labels(out / "flat_1.nii.gz").labels.size() == 16 * 16 * 5);
  }
  const ToolResult got = predict(weights, data / "imagesTr", folder / "no", "--size 18,16,5");
  CHECK(got.exit_code == 2);
  CHECK_THAT(got.errors, ContainsSubstring("multiples of 4,4,1 for 3 levels, halving xy,xy, got 18,16,5"));
}

TEST_CASE("a run takes the axes of its --init weights, and no others", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1);
  const fs::path flat = write_untrained(folder / "flat.safetensors", {.channels = {4, 8}, .halved = {{true, true}}});
  const fs::path usual = write_untrained(folder / "usual.safetensors");
  const auto with = [&](const fs::path& init, const std::string& name, const std::string& more) {
    return train(data, folder / name,
                 fmt::format("--size 32,32,31 --max-steps 1 --val-fraction 0 --init '{}' {}", init.string(), more));
  };
  REQUIRE(with(flat, "run", "").exit_code == 0);
  CHECK(halve_of_weights(folder / "run/last.safetensors") == "xy");
  CHECK_THAT(read_bytes(folder / "run/config.toml"), ContainsSubstring("halve = \"xy\""));
  CHECK(with(flat, "said", "--halve yx").exit_code == 0);
  expect_train_refusal(with(flat, "other", "--halve xyz"), 3,
                       "expected weights of --halve xyz, as given, got " + flat.string() + ", of --halve xy; leave");
  expect_train_refusal(with(usual, "other", "--halve xy"), 3,
                       "expected weights of --halve xy, as given, got " + usual.string() + ", of --halve xyz; leave");
  CHECK_FALSE(fs::exists(folder / "other"));
}

TEST_CASE("plans name the axes that are halved, and words that do not fit are refused", "[plan][options]") {
  const auto plan = [](const std::string& options) { return run_tool("revunet-train", "--plan " + options); };
  const ToolResult got = plan("--channels 4,8,12 --halve xy,xyz --size 32,32,6");
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("reversible network, channels 4,8,12, halving xy,xyz, encoder depth 1"));
  const auto refused = [&](const std::string& options, const std::string& message) {
    INFO(options);
    const ToolResult refusal = plan(options);
    CHECK(refusal.exit_code == 2);
    CHECK_THAT(refusal.errors, ContainsSubstring(message));
  };
  refused("--halve xy,xyz",
          "[--halve] expected a word for each step between the 5 levels of --channels, 4 in all, got 2");
  refused("--channels 4 --halve xy", "between the 1 levels of --channels, 0 in all, got 1");
  refused("--channels 4,8 --halve xw", "[--halve] expected the axes x, y and z that a step halves");
  refused("--channels 4,8 --halve xx", "each at most once in a word, got 'xx' in 'xx'");
  refused("--channels 4,8,12 --halve xy,", "[--halve] expected a word for each step, which halves one axis at least");
  refused("--channels 4,8 --halve xy --size 31,32,31", "multiples of 2,2,1 for 2 levels, halving xy, got 31,32,31");
  // Words come before data.
  expect_train_refusal(train("absent", "r", "--channels 4,8 --halve xy,xyz"), 2,
                       "[--halve] expected a word for each step between the 2 levels");
}

// Tests datasets whose cases have several spacings: training on one spacing, and predictions on the files' own grids.
#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/small_images.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr double kEdge = 16;  // mm: of the image's box
constexpr const char* kBoxNetwork = "--channels 4,8 --check headers --previews 1";

// Makes a case of noise about 100 with a bright box of 8 x 8 x 8 mm.
void make_box(const fs::path& images, const fs::path& labels, const std::string& name,
              const std::array<double, 3>& spacing) {
  SmallGrid grid{.size = {}, .spacing = spacing};
  for (size_t axis = 0; axis < 3; ++axis) grid.size[axis] = static_cast<int64_t>(kEdge / spacing[axis]);
  const auto inside = [&](int64_t x, int64_t y, int64_t z) {
    const auto is_in = [&](size_t axis, int64_t voxel) {
      const double mm = (static_cast<double>(voxel) + 0.5) * spacing[axis];
      return mm > 4 && mm < 12;
    };
    return is_in(0, x) && is_in(1, y) && is_in(2, z);
  };
  write_image(images / (name + ".nii"), grid,
              [&](int64_t x, int64_t y, int64_t z) { return noise(x, y, z) + 100 * inside(x, y, z); });
  if (!labels.empty()) write_segmentation(labels / (name + ".nii"), grid, inside);
}

// The median of the spacings is 1, 1, 2 mm.
fs::path make_boxes(const fs::path& root) {
  const std::vector<std::array<double, 3>> spacings = {{1, 1, 1}, {1, 1, 2}, {1, 1, 2}, {2, 2, 1}};
  for (size_t c = 0; c < spacings.size(); ++c) {
    make_box(root / "imagesTr", root / "labelsTr", fmt::format("box_{}", c), spacings[c]);
  }
  make_file(root / "dataset.json",
            R"({"name": "Boxes", "modality": {"0": "MRI"}, "labels": {"0": "background", "1": "box"}})");
  return root;
}

nlohmann::json resampling_in(const fs::path& weights) {
  const nlohmann::json task = nlohmann::json::parse(io::read_safetensors(weights).metadata.at("task"));
  return task.value("resampling", nlohmann::json());
}

}  // namespace

TEST_CASE("cases of several spacings are resampled to their median, and predictions lie on the files' grids",
          "[train][predict][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_boxes(folder / "data"), run = folder / "run";
  const ToolResult got =
      train(data, run, fmt::format("{} --epochs 60 --val-fraction 0.25 --lr 0.02 --augment none", kBoxNetwork));
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("--spacing 1,1,2: mm, the median of 4 cases, whose spacings differ") &&
                             ContainsSubstring("--size 16,16,8: the largest of 4 cases has 16,16,8 voxels"));
  const fs::path weights = run / "best.safetensors";
  CHECK(resampling_in(weights) == nlohmann::json::parse(R"({"spacing": [1.0, 1.0, 2.0], "interpolation": "cubic"})"));

  make_box(folder / "new", {}, "coarse", {2, 2, 2});
  make_box(folder / "truth", folder / "truth", "coarse", {2, 2, 2});  // the segmentation takes the image's place
  for (const char* patch : {"full", "8,8,8"}) {
    const fs::path out = folder / patch;
    const ToolResult predicted =
        predict(weights, folder / "new", out, fmt::format("--probabilities --overlay --patch {}", patch));
    INFO(predicted.errors);
    REQUIRE(predicted.exit_code == 0);
    const io::LabelImage found = io::read_nifti_labels(out / "coarse.nii.gz");
    const io::NiftiImage probabilities = io::read_nifti(out / "coarse_probabilities.nii.gz");
    const io::LabelImage truth = io::read_nifti_labels(folder / "truth/coarse.nii");
    CHECK(io::same_grid(found.grid, truth.grid));
    REQUIRE(probabilities.frames == 2);
    const size_t voxels = truth.labels.size();
    size_t as_probable = 0;
    double both = 0, sum = 0;
    for (size_t v = 0; v < voxels; ++v) {
      as_probable += found.labels[v] == (probabilities.voxels[voxels + v] > probabilities.voxels[v]);
      both += found.labels[v] == 1 && truth.labels[v] == 1;
      sum += found.labels[v] + truth.labels[v];
    }
    CHECK(as_probable == voxels);
    CHECK(2 * both / sum > 0.9);  // a box that differs from all around it is easily learnt
  }
}

TEST_CASE("a resumed run has the spacing of its beginning", "[train][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_boxes(folder / "data");
  const std::string options =
      fmt::format("{} --val-fraction 0 --epochs 2 --cache '{}' --max-steps ", kBoxNetwork, (folder / "cache").string());
  REQUIRE(train(data, folder / "whole", options + "8").exit_code == 0);
  REQUIRE(train(data, folder / "stopped", options + "4").exit_code == 0);
  const ToolResult resumed = run_tool(
      "revunet-train", fmt::format("--resume '{}' --max-steps 8", (folder / "stopped").string()), patient_threads);
  INFO(resumed.errors);
  REQUIRE(resumed.exit_code == 0);
  const auto bytes = [&](const char* run) { return read_bytes(folder / run / "last.safetensors"); };
  CHECK((bytes("whole") == bytes("stopped")));
}

TEST_CASE("the spacing is what the options say", "[train][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_boxes(folder / "data");
  const std::string short_run = fmt::format("{} --val-fraction 0 --max-steps 1 ", kBoxNetwork);
  // One cache serves both runs, and keeps their spacings apart.
  const std::string cached = short_run + fmt::format("--cache '{}' ", (folder / "cache").string());
  REQUIRE(train(data, folder / "none", cached + "--spacing none").exit_code == 0);
  CHECK(resampling_in(folder / "none/last.safetensors").is_null());
  REQUIRE(train(data, folder / "two", cached + "--spacing 2,2,2 --interpolation linear").exit_code == 0);
  CHECK(resampling_in(folder / "two/last.safetensors") ==
        nlohmann::json::parse(R"({"spacing": [2.0, 2.0, 2.0], "interpolation": "linear"})"));
  CHECK_THAT(read_bytes(folder / "two/config.toml"), ContainsSubstring("size = \"8,8,8\""));

  const fs::path phantoms = make_phantoms(folder / "phantoms", 2);
  REQUIRE(train(phantoms, folder / "brats",
                "--channels 4,8 --size 16,16,16 --check headers --val-fraction 0 --max-steps 1 --spacing 2,2,2")
              .exit_code == 0);
  CHECK(resampling_in(folder / "brats/last.safetensors").at("spacing") == nlohmann::json({2, 2, 2}));
  CHECK(predict(folder / "brats/last.safetensors", phantoms, folder / "out").exit_code == 0);
  CHECK(io::read_nifti_header(folder / "out/Phantom_001.nii.gz").grid.size == std::array<int64_t, 3>{32, 32, 32});

  expect_train_refusal(train(phantoms, folder / "x", "--interpolation linear"), 2,
                       "[--interpolation] expected images that are resampled, got --spacing auto for the task brats");
  const ToolResult begun =
      train(data, folder / "begun",
            short_run + fmt::format("--spacing 2,2,2 --init '{}'", (folder / "none/last.safetensors").string()));
  INFO(begun.errors);
  REQUIRE(begun.exit_code == 0);
  CHECK_THAT(begun.output, ContainsSubstring("[--init] expected weights of the same normalisation and spacing"));
  for (const char* wrong : {"1,1", "0,1,1", "1,1,-2", "1,1,2000", "1,1,nan", "1,1,mm"}) {
    expect_train_refusal(train(data, folder / "x", short_run + "--spacing " + wrong), 2, "[--spacing] expected ");
  }
}

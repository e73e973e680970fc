// Tests a task in TOML for a dataset with folders of its own, from its check to the scores of predictions.
#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/small_images.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

// Images have 100 around the body.
constexpr const char* kNodules = R"(name = "Nodules"
background = 100
spacing = "none"
mirror = ["y"]
segmentation = "masks/{case}_nodule"
[labels]
body = 0
nodule = 3
[[channels]]
name = "CT"
files = "scans/{case}/*.nii"
normalisation = "all"
)";
constexpr const char* kNoduleNetwork = "--channels 4,8 --check headers --previews 0";

// Makes a case of 10 x 9 x 8 voxels, with a bright box.
void make_nodule(const fs::path& root, const std::string& name, int number) {
  const SmallGrid grid{.size = {10, 9, 8}};
  const auto inside = [number](int64_t x, int64_t y, int64_t z) {
    return x >= 2 + number && x < 6 + number && y >= 2 && y < 6 && z >= 2 && z < 6;
  };
  write_image(root / "scans" / name / fmt::format("series_{}.nii", number), grid, [&](int64_t x, int64_t y, int64_t z) {
    return x == 0 ? 100 : noise(x, y, z, number) + 10 + 80 * inside(x, y, z);
  });
  write_segmentation(root / "masks" / (name + "_nodule.nii"), grid,
                     [&](int64_t x, int64_t y, int64_t z) { return inside(x, y, z) ? 3 : 0; });
}

}  // namespace

TEST_CASE("a task's file names the files of a dataset in any folders, and its network finds them again",
          "[check][train][predict][task]") {
  const TemporaryFolder folder;
  const fs::path data = folder / "data", run = folder / "run", task = make_file(folder / "nodules.toml", kNodules);
  for (int c = 0; c < 3; ++c) make_nodule(data, fmt::format("P{}", c), c);
  const std::string with_task = fmt::format("--task '{}'", task.string());

  const ToolResult checked = run_tool("revunet-check", fmt::format("--data '{}' {}", data.string(), with_task));
  INFO(checked.output << checked.errors);
  REQUIRE(checked.exit_code == 0);
  CHECK_THAT(checked.output, ContainsSubstring("nodule"));

  const ToolResult trained =
      train(data, run, fmt::format("{} {} --epochs 60 --val-fraction 0 --lr 0.02", with_task, kNoduleNetwork));
  INFO(trained.errors);
  REQUIRE(trained.exit_code == 0);
  CHECK_THAT(trained.output,
             ContainsSubstring("task Nodules (modalities CT; labels 0 body, 3 nodule; classes nodule 3)"));
  CHECK_THAT(read_bytes(run / "config.toml"), ContainsSubstring("flip-axes = \"y\"") &&
                                                  ContainsSubstring("flip = 0.5") && !ContainsSubstring("labels ="));
  const fs::path weights = run / "last.safetensors";
  const auto metadata = io::read_safetensors(weights).metadata;
  CHECK(metadata.at("background") == "100");
  CHECK(nlohmann::json::parse(metadata.at("task")).at("files").at("segmentation") == "masks/{case}_nodule");

  // The weights know how files are named. A file that names them otherwise, for other folders, may be given.
  const fs::path elsewhere = folder / "elsewhere";
  make_nodule(elsewhere, "new", 1);
  const ToolResult predicted = predict(weights, elsewhere, folder / "out");
  INFO(predicted.errors);
  REQUIRE(predicted.exit_code == 0);
  const ToolResult scored =
      run_tool("revunet-evaluate", fmt::format("--reference '{}' --prediction '{}' {} --csv '{}'", elsewhere.string(),
                                               (folder / "out").string(), with_task, (folder / "s.csv").string()));
  INFO(scored.errors);
  REQUIRE(scored.exit_code == 0);
  CHECK(std::stod(column(read_csv(folder / "s.csv"), "dice")[0]) > 0.9);  // a box that differs from all around it

  fs::rename(elsewhere / "scans/new", elsewhere / "new");
  CHECK(predict(weights, elsewhere, folder / "none").exit_code == 3);
  std::string flat = kNodules;
  flat.replace(flat.find("scans/{case}/*.nii"), 18, "{case}/series_*");
  const fs::path other = make_file(folder / "flat.toml", flat);
  const ToolResult again = predict(weights, elsewhere, folder / "again", fmt::format("--task '{}'", other.string()));
  INFO(again.errors);
  REQUIRE(again.exit_code == 0);
  CHECK((read_bytes(folder / "again/new.nii.gz") == read_bytes(folder / "out/new.nii.gz")));

  SECTION("a resumed run needs the task's file no more") {
    const fs::path stopped = folder / "stopped";
    REQUIRE(
        train(data, stopped, fmt::format("{} {} --max-steps 3 --epochs 2 --val-fraction 0", with_task, kNoduleNetwork))
            .exit_code == 0);
    fs::remove(task);
    const ToolResult resumed =
        run_tool("revunet-train", fmt::format("--resume '{}' --max-steps 6", stopped.string()), patient_threads);
    INFO(resumed.errors);
    CHECK(resumed.exit_code == 0);
  }
  SECTION("a file of another task is refused") {
    const std::string text = kNodules;
    make_file(other, std::string(text).replace(text.find("nodule = 3"), 10, "nodule = 4"));
    const ToolResult refused = predict(weights, elsewhere, folder / "x", fmt::format("--task '{}'", other.string()));
    CHECK(refused.exit_code == 3);
    CHECK_THAT(refused.errors, ContainsSubstring("[--task] expected the task of the weights, Nodules (modalities CT; "
                                                 "labels 0 body, 3 nodule; classes nodule 3), got Nodules"));
  }
  SECTION("a task is given once") {
    expect_train_refusal(train(data, folder / "x", with_task + " --labels brats"), 2,
                         "[--task, --labels] expected one of them");
    expect_train_refusal(train(data, folder / "x", "--task /nowhere.toml"), 3, "/nowhere.toml");
  }
}

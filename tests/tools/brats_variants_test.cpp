// Tests BraTS's datasets with another task than its first: the resection cavity as a region, and some modalities.
#include "io/dataset/label_profile.h"
#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/small_images.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

TEST_CASE("BraTS's resection cavity can be a region of its own", "[train][predict][task]") {
  const TemporaryFolder folder;
  // In phantoms, 4 is the enhancing tumour. Read as the labels of 2024, it is the cavity.
  const fs::path data = make_phantoms(folder / "data", 2), run = folder / "run";
  const std::string options = std::string(tiny_options) + " --max-steps 1 --val-fraction 0.5 --labels brats2024-rc";
  const ToolResult got = train(data, run, options);
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("WT 1, TC 1, ET 0, RC 1 of 1") && !ContainsSubstring("chosen for this"));
  const auto log = read_csv(run / "log.csv");
  CHECK(std::vector<std::string>(log[0].begin() + 4, log[0].begin() + 8) ==
        std::vector<std::string>{"loss_wt", "loss_tc", "loss_et", "loss_rc"});
  const fs::path weights = run / "last.safetensors";
  CHECK(read_json(run / "split.json").at("task").at("name") == "brats2024");
  REQUIRE(predict(weights, data, folder / "out").exit_code == 0);
  // Files have 3 for what enhances and 4 for the cavity, as BraTS 2024 has.
  std::vector<float> all = {0.9f, 0.9f, 0.9f, 0, 0.9f, 0.9f, 0.9f, 0.9f};
  const std::vector<uint8_t> labels = io::brats2024_task()->labels_of(all);
  CHECK(io::values_of_labels(labels, io::label_profile("brats2024-rc")) == std::vector<uint8_t>{3, 4});
  const ToolResult other = predict(weights, data, folder / "other", "--labels brats2023");
  CHECK(other.exit_code == 3);
  CHECK_THAT(other.errors, ContainsSubstring("the network's task, brats2024 (") && ContainsSubstring("got brats ("));
}

namespace {

// Makes the images and the segmentation of a case of BraTS 2025.
void make_brats_2025(const fs::path& data, const std::string& name, const SmallGrid& grid) {
  double brightness = 1;  // each modality has images of its own
  for (const char* modality : {"-t1n.nii", "-t1c.nii", "-t2w.nii", "-t2f.nii"}) {
    write_image(data / name / (name + modality), grid, [&](int64_t x, int64_t y, int64_t z) {
      return x == 0 ? 0 : static_cast<int16_t>(brightness * static_cast<double>(noise(x, y, z)));
    });
    brightness *= 1.25;
  }
  write_segmentation(data / name / (name + "-seg.nii"), grid, [](int64_t x, int64_t y, int64_t z) {
    return z == 2 && y > 3 && y < 9 ? x % 5 : 0;  // 0 to 4
  });
}

}  // namespace

TEST_CASE(
    "BraTS 2025's gliomas on the grid of MNI152, and its metastases on their own, are checked, predicted and scored",
    "[check][predict][evaluate][task]") {
  const TemporaryFolder folder;
  const fs::path data = folder / "data", run = folder / "run";
  // MNI152's axes go to the left, the front and up. Scanners have thick slices, in any order: here sagittal ones.
  make_brats_2025(data, "BraTS-GLI-02000-100", {{18, 22, 18}, {1, 1, 1}, {-1, 0, 0, 9, 0, 1, 0, -12, 0, 0, 1, -7}});
  make_brats_2025(data, "BraTS-MET-00001-000",
                  {{20, 24, 6}, {0.75, 0.75, 5}, {0, 0, 5, -15, 0.75, 0, 0, 3, 0, -0.75, 0, 8}});
  const ToolResult checked = run_tool("revunet-check", fmt::format("--data '{}' --labels brats2024-rc", data.string()));
  INFO(checked.output << checked.errors);
  REQUIRE(checked.exit_code == 0);
  CHECK_THAT(checked.output, ContainsSubstring("RC") && ContainsSubstring("0.75 x 0.75 x 5"));

  const ToolResult trained =
      train(data, run,
            "--channels 4,8 --size 32,32,32 --max-steps 1 --val-fraction 0 --labels brats2024-rc "
            "--spacing 1,1,1 --check headers");
  INFO(trained.errors);
  REQUIRE(trained.exit_code == 0);
  REQUIRE(predict(run / "last.safetensors", data, folder / "out").exit_code == 0);
  for (const char* name : {"BraTS-GLI-02000-100", "BraTS-MET-00001-000"}) {
    INFO(name);
    const io::Grid own = io::read_nifti_header(data / name / (std::string(name) + "-t1n.nii")).grid;
    CHECK(io::same_grid(io::read_nifti_header(folder / "out" / (std::string(name) + ".nii.gz")).grid, own));
  }
  // The segmentations themselves, as predictions: Dice 1 of every region.
  for (const char* name : {"BraTS-GLI-02000-100", "BraTS-MET-00001-000"}) {
    make_file(folder / "truth" / (std::string(name) + ".nii"),
              read_bytes(data / name / (std::string(name) + "-seg.nii")));
  }
  const ToolResult scored = run_tool(
      "revunet-evaluate", fmt::format("--reference '{}' --prediction '{}' --labels brats2024-rc --csv '{}'",
                                      data.string(), (folder / "truth").string(), (folder / "scores.csv").string()));
  INFO(scored.errors);
  REQUIRE(scored.exit_code == 0);
  const auto scores = read_csv(folder / "scores.csv");
  const std::vector<std::string> regions = column(scores, "region");
  CHECK(std::vector<std::string>(regions.begin(), regions.begin() + 4) ==
        std::vector<std::string>{"WT", "TC", "ET", "RC"});
  for (const std::string& dice : column(scores, "dice")) CHECK(std::stod(dice) == 1);
}

TEST_CASE("a network can be of some of BraTS's modalities, which is all that it then asks of cases",
          "[train][predict][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), run = folder / "run";
  fs::remove(data / "Phantom_002/Phantom_002_t2.nii.gz");
  const std::string options = std::string(tiny_options) + " --max-steps 1 --val-fraction 0.5 ";
  const ToolResult got = train(data, run, options + "--channels-used flair,t1ce");
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("task brats of t1ce, flair (modalities t1ce, flair;") &&
                             !ContainsSubstring("chosen for this"));
  const fs::path weights = run / "last.safetensors";
  CHECK(io::read_safetensors(weights).at("firstConv.weight").shape()[1] == 2);
  REQUIRE(predict(weights, data, folder / "out").exit_code == 0);
  CHECK(fs::exists(folder / "out/Phantom_002.nii.gz"));
  // The images of one case do not depend on those that are not used.
  const fs::path one = data / "Phantom_001";
  const auto image = [&](const char* name) { return (one / fmt::format("Phantom_001_{}.nii.gz", name)).string(); };
  const ToolResult loose = run_tool("revunet-predict",
                                    fmt::format("--weights '{}' --t1ce '{}' --flair '{}' --out '{}'", weights.string(),
                                                image("t1ce"), image("flair"), (folder / "loose").string()),
                                    patient_threads);
  INFO(loose.errors);
  REQUIRE(loose.exit_code == 0);
  CHECK(io::read_nifti_labels(folder / "loose/Phantom_001.nii.gz").labels ==
        io::read_nifti_labels(folder / "out/Phantom_001.nii.gz").labels);
  fs::remove(data / "Phantom_002/Phantom_002_flair.nii.gz");
  const ToolResult lacking = predict(weights, data, folder / "lacking");
  CHECK(lacking.exit_code == 3);
  CHECK_THAT(lacking.errors,
             ContainsSubstring("Phantom_002] expected the images t1ce, flair of case Phantom_002, got no flair"));
  CHECK(predict(weights, data, folder / "skipped", "--skip-bad").exit_code == 1);
  CHECK(fs::exists(folder / "skipped/Phantom_001.nii.gz"));
  // It lacks both that are used, so zeros would be all that the network sees.
  fs::remove(data / "Phantom_002/Phantom_002_t1ce.nii.gz");
  const ToolResult nothing = predict(weights, data, folder / "nothing", "--missing-modality zero");
  CHECK(nothing.exit_code == 3);
  CHECK_THAT(nothing.errors, ContainsSubstring("of case Phantom_002, got no t1ce, no flair"));
  for (const char* names : {"flair,adc", "flair,flair"}) {
    INFO(names);
    expect_train_refusal(train(data, folder / "x", options + "--channels-used " + names), 2,
                         "[--channels-used] expected some of t1, t1ce, t2, flair, once each, got ");
  }
}

// Tests a dataset of a task of its own, of one modality and two exclusive classes, from training to predictions.
#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/parsed_run.h"
#include "tests/tools/small_images.h"
#include "tests/tools/tiny_runs.h"
#include "tools/train/dataset_defaults.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

const std::string kNuclei = "Nuclei (modalities MRI; labels 0 background, 1 Bright, 2 Dark; classes Bright 1, Dark 2)";
constexpr const char* kDescription = R"({"name": "Nuclei", "modality": {"0": "MRI"}, "numTraining": 4,
  "labels": {"0": "background", "1": "Bright", "2": "Dark"}})";
// The network of tests/models/tiny_weights.h. The size follows from the cases: the largest has 12, 11 and 10 voxels.
constexpr const char* kTiny = "--channels 4,8 --check headers --previews 1";

// Makes a case of noise about 100 with a bright and a dark box.
void make_case(const fs::path& images, const fs::path& labels, const std::string& name, int number) {
  const SmallGrid grid{.size = {9 + number, 8 + number, 10}};
  const auto label = [](int64_t x, int64_t y, int64_t z) {
    const bool inside = y >= 2 && y < 6 && z >= 3 && z < 7;
    return inside && x < 4 ? 1 : inside && x < 8 ? 2 : 0;
  };
  write_image(images / (name + ".nii"), grid, [&](int64_t x, int64_t y, int64_t z) {
    constexpr std::array<int, 3> kBrighter = {0, 100, -60};  // by label
    return noise(x, y, z, number) + kBrighter[static_cast<size_t>(label(x, y, z))];
  });
  if (!labels.empty()) write_segmentation(labels / (name + ".nii"), grid, label);
}

fs::path make_nuclei(const fs::path& root) {
  for (int c = 0; c < 4; ++c) make_case(root / "imagesTr", root / "labelsTr", fmt::format("nuclei_{}", c), c);
  write_bytes(root / "dataset.json", kDescription);
  return root;
}

}  // namespace

TEST_CASE("a dataset of its own task is trained on with what its cases ask for", "[train][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_nuclei(folder / "data"), run = folder / "run";
  const ToolResult got = train(data, run, std::string(kTiny) + " --max-steps 6 --epochs 3");
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("task " + kNuclei) &&
                             ContainsSubstring("--size 12,12,10: the largest of 4 cases has 12,11,10 voxels") &&
                             ContainsSubstring("--cross-entropy 2: ") && ContainsSubstring("equal, byte for byte"));
  const auto log = read_csv(run / "log.csv");
  const std::vector<std::string> names(log[0].begin() + 3, log[0].begin() + 9);
  CHECK(names ==
        std::vector<std::string>{"loss", "loss_cross_entropy", "loss_bright", "loss_dark", "dice_bright", "dice_dark"});
  // The task is in the split, and in the weights, with the normalisation that the cases ask for.
  const nlohmann::json task = read_json(run / "split.json").at("task");
  CHECK(task.at("name") == "Nuclei");
  CHECK(task.at("modalities") == nlohmann::json::parse(R"([{"name": "MRI", "normalisation": "all"}])"));
  CHECK(nlohmann::json::parse(io::read_safetensors(run / "best.safetensors").metadata.at("task")) == task);
  CHECK_THAT(read_bytes(run / "report.html"), ContainsSubstring("Bright") && ContainsSubstring("cross entropy"));

  SECTION("and goes on as if it had not stopped") {
    const fs::path stopped = folder / "stopped";
    REQUIRE(train(data, stopped, std::string(kTiny) + " --max-steps 3 --epochs 3").exit_code == 0);
    const ToolResult resumed =
        run_tool("revunet-train", fmt::format("--resume '{}' --max-steps 6", stopped.string()), patient_threads);
    INFO(resumed.errors);
    REQUIRE(resumed.exit_code == 0);
    const bool same_bytes = read_bytes(stopped / "last.safetensors") == read_bytes(run / "last.safetensors");
    CHECK(same_bytes);
  }
  SECTION("but not on the data of another task") {
    const fs::path other = make_nuclei(folder / "other");
    write_bytes(other / "dataset.json", R"({"name": "Nuclei", "modality": {"0": "MRI"},
      "labels": {"0": "background", "1": "Dark", "2": "Bright"}})");
    expect_train_refusal(
        run_tool("revunet-train", fmt::format("--resume '{}' --data '{}' --max-steps 7", run.string(), other.string())),
        3,
        "expected the run's task, " + kNuclei + ", got Nuclei (modalities MRI; labels 0 background, 1 Dark, 2 Bright;");
  }
}

TEST_CASE("the plane of augmentation decides the deformation, and axes that are given are flipped", "[train][task]") {
  const TemporaryFolder folder;
  const std::string data = make_nuclei(folder / "data").string();
  const auto ranges = [&](const std::vector<std::string>& words) {
    std::vector<std::string> all = {"--plan", "--data", data, "--channels", "4,8", "--check", "headers"};
    all.insert(all.end(), words.begin(), words.end());
    ParsedRun run(all);
    tools::take_dataset(run.options, run.settings);
    run.resolved();
    return run.settings.ranges;
  };
  // The field of view has 12,12,10 voxels: 10 voxels of 160 are 0.75 of 12 and 0.625 of 10, and have one decimal.
  CHECK(ranges({}).deformation == 0.8);
  CHECK(ranges({}).flip == 0);
  CHECK(ranges({"--rotation-plane", "xz"}).deformation == 0.6);
  CHECK(ranges({"--rotation-plane", "yz"}).deformation == 0.6);
  const AugmentationRanges flipped = ranges({"--flip-axes", "x"});
  CHECK(flipped.flip == 0.5);
  CHECK(flipped.flip_axes == std::array{true, false, false});
  CHECK(ranges({"--flip-axes", "x", "--flip", "0.25"}).flip == 0.25);
}

TEST_CASE("weights without metadata begin a run of the dataset's task, and a protocol decides its training",
          "[train][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_nuclei(folder / "data"), run = folder / "run";
  REQUIRE(train(data, run, std::string(kTiny) + " --max-steps 1 --val-fraction 0").exit_code == 0);
  io::SafetensorsFile file = io::read_safetensors(run / "last.safetensors");
  file.metadata.clear();
  const fs::path init = folder / "init.safetensors", protocol = folder / "own.toml";
  io::write_safetensors(init, file);
  write_bytes(protocol, "lr = 0.0625\n");
  const ToolResult got = train(
      data, folder / "next",
      fmt::format("--max-steps 1 --val-fraction 0 --init '{}' --protocol '{}'", init.string(), protocol.string()));
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("channels 4,8,"));
  CHECK(train(data, folder / "free", fmt::format("--max-steps 1 --val-fraction 0 --init '{}'", init.string()))
            .exit_code == 0);
  // The rate is the protocol's, falls by the program's own schedule, and nothing is augmented.
  CHECK(column(read_csv(folder / "next/log.csv"), "learning_rate") == std::vector<std::string>{"0.0625"});
  CHECK_THAT(read_bytes(folder / "next/config.toml"), ContainsSubstring("lr-schedule = \"drops\"") &&
                                                          ContainsSubstring("augment = \"none\"") &&
                                                          ContainsSubstring("size = \"12,12,10\""));
}

TEST_CASE("cases of a task of its own are predicted, with and without a dataset.json", "[predict][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_nuclei(folder / "data"), run = folder / "run";
  REQUIRE(train(data, run, std::string(kTiny) + " --epochs 100 --val-fraction 0.25 --lr 0.02").exit_code == 0);
  const fs::path weights = run / "best.safetensors";
  make_case(folder / "new", {}, "fifth", 2);
  const ToolResult got = predict(weights, folder / "new", folder / "out", "--probabilities --overlay");
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("Bright") && ContainsSubstring("Dark"));
  // A hundred epochs are enough for boxes that differ from all around them: Dice of a class over 0.9.
  const io::LabelImage found = io::read_nifti_labels(folder / "out/fifth.nii.gz");
  make_case(folder / "truth", folder / "truth", "fifth", 2);  // the segmentation takes the image's place
  const io::LabelImage truth = io::read_nifti_labels(folder / "truth/fifth.nii");
  for (const uint8_t label : {uint8_t{1}, uint8_t{2}}) {
    double both = 0, sum = 0;
    for (size_t v = 0; v < truth.labels.size(); ++v) {
      both += found.labels[v] == label && truth.labels[v] == label;
      sum += (found.labels[v] == label) + (truth.labels[v] == label);
    }
    INFO(int(label));
    CHECK(2 * both / sum > 0.9);
  }
  const io::NiftiImage probabilities = io::read_nifti(folder / "out/fifth_probabilities.nii.gz");
  REQUIRE(probabilities.frames == 3);  // the background is the first
  const size_t voxels = truth.labels.size();
  for (size_t v = 0; v < voxels; ++v) {
    const float sum = probabilities.voxels[v] + probabilities.voxels[voxels + v] + probabilities.voxels[2 * voxels + v];
    if (std::abs(sum - 1) > 1e-6f) FAIL("voxel " << v << ": " << sum);
  }
  CHECK(predict(weights, data, folder / "all").exit_code == 0);
  const ToolResult scored =
      run_tool("revunet-evaluate", fmt::format("--reference '{}' --prediction '{}' --csv '{}'", data.string(),
                                               (folder / "all").string(), (folder / "scores.csv").string()));
  INFO(scored.errors);
  REQUIRE(scored.exit_code == 0);
  const std::vector<std::string> regions = column(read_csv(folder / "scores.csv"), "region");
  CHECK(std::vector<std::string>(regions.begin(), regions.begin() + 3) ==
        std::vector<std::string>{"Bright", "Dark", "Bright"});
}

TEST_CASE("what a prediction of classes has outside of its field of view is background", "[predict][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_nuclei(folder / "data"), run = folder / "run";
  REQUIRE(train(data, run, std::string(kTiny) + " --max-steps 1 --val-fraction 0").exit_code == 0);
  make_case(folder / "new", {}, "fifth", 2);  // of 11 x 10 x 10 voxels
  const std::string options = "--size 6,6,6 --probabilities --skip-existing";
  REQUIRE(predict(run / "last.safetensors", folder / "new", folder / "out", options).exit_code == 0);
  const io::NiftiImage image = io::read_nifti(folder / "out/fifth_probabilities.nii.gz");
  constexpr size_t kVoxels = 11 * 10 * 10;
  size_t outside = 0;
  for (size_t v = 0; v < kVoxels; ++v) {
    const float background = image.voxels[v],
                sum = background + image.voxels[kVoxels + v] + image.voxels[2 * kVoxels + v];
    if (std::abs(sum - 1) > 1e-6f) FAIL("voxel " << v << ": " << sum);
    outside += background == 1;
  }
  CHECK(outside == kVoxels - 6 * 6 * 6);
  // The prediction is found whole, with its three frames.
  const ToolResult again = predict(run / "last.safetensors", folder / "new", folder / "out", options);
  CHECK(again.exit_code == 0);
  CHECK_THAT(again.output, ContainsSubstring("1 of 1 cases are predicted already"));
}

TEST_CASE("folds of a CT dataset can be one ensemble", "[predict][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_nuclei(folder / "data");
  write_bytes(data / "dataset.json",
              R"({"modality": {"0": "CT"}, "labels": {"0": "background", "1": "Bright", "2": "Dark"}})");
  for (const char* fold : {"0", "1"}) {
    REQUIRE(train(data, folder / fold, fmt::format("{} --max-steps 1 --folds 2 --fold {}", kTiny, fold)).exit_code ==
            0);
  }
  const ToolResult got =
      run_tool("revunet-predict",
               fmt::format("--weights '{}' '{}' --data '{}' --out '{}'", (folder / "0/last.safetensors").string(),
                           (folder / "1/last.safetensors").string(), data.string(), (folder / "out").string()));
  INFO(got.errors);
  CHECK(got.exit_code == 0);
}

TEST_CASE("weights of a task of its own are refused on folders of BraTS", "[predict][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_nuclei(folder / "data"), run = folder / "run";
  REQUIRE(train(data, run, std::string(kTiny) + " --max-steps 1 --val-fraction 0").exit_code == 0);
  const fs::path phantoms = make_phantoms(folder / "phantoms", 1);
  for (const fs::path& of : {phantoms, phantoms / "Phantom_001"}) {
    const ToolResult got = predict(run / "last.safetensors", of, folder / "out");
    CHECK(got.exit_code == 3);
    CHECK_THAT(got.errors, ContainsSubstring("expected images of the task " + kNuclei));
  }
}

TEST_CASE("weights of one task are refused on another, with both named", "[predict][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_nuclei(folder / "data"), run = folder / "run";
  REQUIRE(train(data, run, std::string(kTiny) + " --max-steps 1 --val-fraction 0").exit_code == 0);
  const fs::path own = run / "last.safetensors", brats = write_untrained(folder / "brats.safetensors");
  const auto refusal = [&](const fs::path& weights, const fs::path& of, const std::string& more = "") {
    const ToolResult got = predict(weights, of, folder / "out", more);
    CHECK(got.exit_code == (more.empty() ? 3 : 2));
    return got.errors;
  };
  CHECK_THAT(refusal(brats, data),
             ContainsSubstring("the network's task, brats (modalities t1, t1ce, t2, flair; labels 0 background, ") &&
                 ContainsSubstring("got " + kNuclei));
  write_bytes(data / "dataset.json", R"({"name": "Others", "modality": {"0": "MRI"}, "numTraining": 4,
    "labels": {"0": "background", "1": "Bright"}})");
  CHECK_THAT(refusal(own, data),
             ContainsSubstring("expected the task " + kNuclei) &&
                 ContainsSubstring("got Others (modalities MRI; labels 0 background, 1 Bright; classes Bright 1)"));
  expect_train_refusal(
      train(make_nuclei(folder / "again"), folder / "x", fmt::format("{} --init '{}'", kTiny, brats.string())), 3,
      "expected weights of the task " + kNuclei + ", got " + brats.string() + ", of the task brats");
  CHECK_THAT(refusal(own, data, "--labels brats"),
             ContainsSubstring("[--labels] expected none for weights of the task"));
  const ToolResult two =
      run_tool("revunet-predict", fmt::format("--weights '{}' '{}' --data '{}' --out '{}'", own.string(),
                                              brats.string(), data.string(), (folder / "out").string()));
  CHECK(two.exit_code == 3);
  CHECK_THAT(two.errors, ContainsSubstring("expected a network of the task " + kNuclei));
}

TEST_CASE("a case of a task of its own is refused without one of its channels", "[predict][task]") {
  const TemporaryFolder folder;
  const fs::path data = folder / "data", run = folder / "run";
  for (int c = 0; c < 2; ++c) {
    make_case(data / "imagesTr", data / "labelsTr", fmt::format("n_{}", c), c);
    for (const char* channel : {"_0000", "_0001"}) {
      make_case(data / "imagesTr", {}, fmt::format("n_{}{}", c, channel), channel[4] == '0' ? c : c + 4);
    }
    fs::remove(data / fmt::format("imagesTr/n_{}.nii", c));
  }
  // The second channel of each case has its own grid, so only the first is used.
  write_bytes(data / "dataset.json",
              R"({"channel_names": {"0": "A", "1": "B"}, "labels": {"background": 0, "Bright": 1, "Dark": 2}})");
  REQUIRE(train(data, run, std::string(kTiny) + " --max-steps 1 --val-fraction 0 --channels-used A").exit_code == 0);
  const fs::path weights = run / "last.safetensors";
  CHECK(predict(weights, data / "imagesTr", folder / "out").exit_code == 0);
  fs::remove(data / "imagesTr/n_1_0000.nii");
  const ToolResult got = predict(weights, data / "imagesTr", folder / "lacking");
  CHECK(got.exit_code == 3);
  CHECK_THAT(got.errors, ContainsSubstring("expected n_1_0000.nii.gz to _0001, got no n_1_0000 (A)"));
}

TEST_CASE("samples of a run lack modalities where it is asked for, and the run goes on with the same ones",
          "[train][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2);
  const std::string options = std::string(tiny_options) + " --val-fraction 0 --check none ";
  const auto weights_of = [&](const std::string& name, const std::string& more) {
    REQUIRE(train(data, folder / name, options + more).exit_code == 0);
    return read_bytes(folder / (name + "/last.safetensors"));
  };
  const std::string steps = " --epochs 2 --max-steps ";
  const std::string lacking = weights_of("lacking", "--drop-modality 0.75" + steps + "4");
  CHECK((lacking != weights_of("whole", steps + "4")));
  const std::string patches = "--patch 16,16,16 --augment strong --drop-modality 0.75" + steps + "2 --loader-threads ";
  CHECK((weights_of("one", patches + "1") == weights_of("two", patches + "2")));
  weights_of("stopped", "--drop-modality 0.75" + steps + "2");
  const ToolResult resumed = run_tool(
      "revunet-train", fmt::format("--resume '{}' --max-steps 4", (folder / "stopped").string()), patient_threads);
  INFO(resumed.errors);
  REQUIRE(resumed.exit_code == 0);
  CHECK((read_bytes(folder / "stopped/last.safetensors") == lacking));
  const fs::path nuclei = make_nuclei(folder / "nuclei");
  expect_train_refusal(train(nuclei, folder / "x", std::string(kTiny) + " --drop-modality 0.5"), 2,
                       "[--drop-modality] expected a task of several modalities");
}

TEST_CASE("an automatic size is the extent of the largest case, for BraTS too", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), run = folder / "run";
  const std::string options = "--channels 4,8 --check headers --previews 0 --max-steps 1 --val-fraction 0 --size auto";
  const ToolResult got = train(data, run, options);
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  // The boxes of voxels that are not 0 in any image have 19 x 21 x 25 and 19 x 22 x 28 voxels, as nibabel reads them.
  CHECK_THAT(got.output,
             ContainsSubstring("--size 20,22,28: the largest of 2 cases has 19,22,28 voxels, and sizes are multiples "
                               "of 2") &&
                 !ContainsSubstring("--epochs"));
  CHECK_THAT(read_bytes(run / "config.toml"), ContainsSubstring("size = \"20,22,28\""));
  expect_train_refusal(run_tool("revunet-train", "--plan --size auto"), 2,
                       "[--size] expected a size in voxels, or auto in a new run with --data");
  const ToolResult own = train(make_nuclei(folder / "own"), folder / "own-run", options);
  CHECK(own.exit_code == 0);
  CHECK_THAT(own.output, ContainsSubstring("--size 12,12,10: the largest of 4 cases has 12,11,10 voxels"));
  CHECK_THAT(read_bytes(folder / "own-run/config.toml"), ContainsSubstring("size = \"12,12,10\""));
}

TEST_CASE("a run that no machine holds is refused before it begins", "[train][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_nuclei(folder / "data");
  const std::string too_large = "--channels 64,128 --size 1024,1024,512 --check headers";  // a tensor has 128 GiB
  const auto refused = [&](const std::string& more) {
    const ToolResult got = train(data, folder / "run", too_large + more);
    CHECK(got.exit_code == 1);
    CHECK_THAT(got.errors, ContainsSubstring("[memory] the plan of this run reserves "));
    return got.errors;
  };
  const std::string advice = "; or give --memory-budget, and the run takes patches that fit";
  CHECK_THAT(refused(""), ContainsSubstring(advice));
  CHECK_THAT(refused(" --patch full"), !ContainsSubstring(advice));
  CHECK_FALSE(fs::exists(folder / "run"));
}

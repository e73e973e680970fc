// Tests what revunet-train and revunet-predict check before they start.
#include <limits>

#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

TEST_CASE("training and prediction check headers before they start", "[check]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  const fs::path weights = write_untrained(folder / "w.safetensors");
  const fs::path truncated = data / "Phantom_003/Phantom_003_t2.nii.gz",
                 other = data / "Phantom_002/Phantom_002_t1.nii.gz";
  const std::string bytes = read_bytes(truncated);
  write_bytes(truncated, bytes.substr(0, bytes.size() / 2));
  io::write_nifti(other, io::make_nifti_header({4, 3, 2}, {1, 1, 1}), std::vector<float>(24), 1);
  const std::string options = std::string(tiny_options) + " --epochs 1 --val-fraction 0 --check headers";
  for (const ToolResult& got : {train(data, folder / "run", options),
                                predict(weights, data, folder / "out", "--size 32,32,32 --check headers")}) {
    CHECK(got.exit_code == 3);
    CHECK_THAT(got.errors,
               ContainsSubstring("case Phantom_002: ") && ContainsSubstring("more: run revunet-check --data"));
  }
  CHECK_FALSE(fs::exists(folder / "run"));
  CHECK_FALSE(fs::exists(folder / "out"));
  // Only the truncated file is left, which a header does not reveal.
  fs::remove_all(data / "Phantom_002");
  const ToolResult got = train(data, folder / "run", options);
  CHECK(got.exit_code == 3);
  CHECK_THAT(got.errors, ContainsSubstring("case Phantom_003: ") && ContainsSubstring("Phantom_003_t2.nii.gz]"));
  CHECK_FALSE(fs::exists(folder / "run"));
  // Without the check the run starts, and fails when it reads the case.
  CHECK(
      train(data, folder / "run", std::string(tiny_options) + " --epochs 1 --val-fraction 0 --check none").exit_code ==
      3);
  CHECK(fs::exists(folder / "run/config.toml"));
}

TEST_CASE("training and prediction check every voxel before they start", "[check]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2);
  const fs::path weights = write_untrained(folder / "w.safetensors");
  const auto file = [&](int number, const char* suffix) {
    return data / fmt::format("Phantom_00{0}/Phantom_00{0}_{1}.nii.gz", number, suffix);
  };
  const std::string options = std::string(tiny_options) + " --epochs 1 --val-fraction 0";
  const auto refused = [&](const ToolResult& got, const std::string& message) {
    CHECK(got.exit_code == 3);
    CHECK_THAT(got.errors, ContainsSubstring(message));
    CHECK_FALSE(fs::exists(folder / "run"));
    CHECK_FALSE(fs::exists(folder / "out"));
  };
  SECTION("a voxel that is no number, in the last case") {
    io::NiftiImage image = io::read_nifti(file(2, "t2"));
    image.voxels[5] = std::numeric_limits<float>::quiet_NaN();
    io::write_nifti(file(2, "t2"), image.header, image.voxels, 1);
    refused(train(data, folder / "run", options), "got 1 NaN or infinite of 32768");
    refused(predict(weights, data, folder / "out"), "got 1 NaN or infinite of 32768");
  }
  SECTION("an image that two patients have") {
    fs::copy_file(file(1, "flair"), file(2, "flair"), fs::copy_options::overwrite_existing);
    refused(train(data, folder / "run", options), "got those of another patient, Phantom_001 as flair");
    refused(predict(weights, data, folder / "out"), "got those of another patient, Phantom_001 as flair");
  }
  SECTION("a label that the profile has not, where segmentations are read") {
    io::LabelImage image = io::read_nifti_labels(file(2, "seg"));
    image.labels[5] = 3;
    io::write_nifti(file(2, "seg"), image.header, image.labels);
    refused(train(data, folder / "run", options), "(profile brats), got 3 1 times");
    refused(predict(weights, data, folder / "out", "--overlay"), "(profile brats), got 3 1 times");
    CHECK(predict(weights, data, folder / "out").exit_code == 0);
  }
}

TEST_CASE("before they start, training and prediction print each kind of warning once", "[check]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  const fs::path weights = write_untrained(folder / "w.safetensors");
  // The last two cases have voxels of 2 mm.
  for (const int number : {2, 3}) {
    for (const char* suffix : {"t1", "t1ce", "t2", "flair", "seg"}) {
      const fs::path path = data / fmt::format("Phantom_00{0}/Phantom_00{0}_{1}.nii.gz", number, suffix);
      const io::NiftiImage image = io::read_nifti(path);
      const std::vector<char> header = io::make_nifti_header({32, 32, 32}, {2, 2, 2});
      if (suffix == std::string("seg")) {
        io::write_nifti(path, header, std::vector<uint8_t>(image.voxels.begin(), image.voxels.end()));
      } else {
        io::write_nifti(path, header, image.voxels, 1);
      }
    }
  }
  const auto expect_line = [](const ToolResult& got, const std::string& tool) {
    INFO(got.errors);
    CHECK(got.exit_code == 0);
    const std::string start = tool + ": warning: spacing of 2 of 3 cases; the first, case Phantom_002: [";
    const size_t at = got.errors.find(start);
    REQUIRE(at != std::string::npos);
    CHECK_THAT(got.errors,
               ContainsSubstring("Phantom_002_t1.nii.gz] expected voxels of 1 mm, as BraTS has, got 2 x 2 x 2 mm"));
    CHECK(got.errors.find("warning: spacing", at + start.size()) == std::string::npos);
    CHECK_THAT(got.errors, !ContainsSubstring("Phantom_003_"));
  };
  expect_line(train(data, folder / "run", std::string(tiny_options) + " --max-steps 1 --val-fraction 0"),
              "revunet-train");
  expect_line(predict(weights, data, folder / "out"), "revunet-predict");
}

TEST_CASE("images on a background of 1000 are trained on and predicted as if it were 0", "[check]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), shifted = folder / "shifted";
  fs::copy(data, shifted, fs::copy_options::recursive);
  float shift = 1000;  // whole numbers, so that subtracting is exact; different for each image
  for (const char* suffix : {"t1", "t1ce", "t2", "flair"}) {
    for (const int number : {1, 2}) {
      const fs::path path = shifted / fmt::format("Phantom_00{0}/Phantom_00{0}_{1}.nii.gz", number, suffix);
      io::NiftiImage image = io::read_nifti(path);
      for (float& v : image.voxels) v += shift;
      io::write_nifti(path, image.header, image.voxels, 1);
      shift += 7;
    }
  }
  const fs::path weights = write_untrained(folder / "w.safetensors");
  const auto labels_in = [&](const char* out) {
    return io::read_nifti_labels(folder / out / "Phantom_002.nii.gz").labels;
  };
  REQUIRE(predict(weights, data, folder / "plain").exit_code == 0);
  REQUIRE(predict(weights, shifted, folder / "corner", "--background corner").exit_code == 0);
  CHECK(labels_in("plain") == labels_in("corner"));
  const ToolResult without = predict(weights, shifted, folder / "without");
  CHECK_THAT(without.errors, ContainsSubstring("revunet-predict: warning: background of 2 of 2 cases") &&
                                 ContainsSubstring("got 1000 in ") && ContainsSubstring("--background corner"));
  CHECK(labels_in("plain") != labels_in("without"));

  const std::string options =
      std::string(tiny_options) + " --max-steps 2 --val-fraction 0 --previews 0 --check headers";
  REQUIRE(train(data, folder / "a", options).exit_code == 0);
  REQUIRE(train(shifted, folder / "b", options + " --background corner").exit_code == 0);
  CHECK(column(read_csv(folder / "a/log.csv"), "loss_wt") == column(read_csv(folder / "b/log.csv"), "loss_wt"));
  // Weights know the background of their training, so both predict the same without an option.
  REQUIRE(predict(folder / "a/last.safetensors", data, folder / "of a").exit_code == 0);
  REQUIRE(predict(folder / "b/last.safetensors", shifted, folder / "of b").exit_code == 0);
  CHECK(labels_in("of a") == labels_in("of b"));
  const ToolResult other =
      train(data, folder / "c", options + fmt::format(" --init '{}'", (folder / "b/last.safetensors").string()));
  CHECK_THAT(other.output + other.errors,
             ContainsSubstring("[--init] expected weights of --background 0, as this run has") &&
                 ContainsSubstring("of --background corner"));
}

TEST_CASE("training says before its first step that its field of view cuts brains", "[check]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2);
  const ToolResult got =
      train(data, folder / "run", "--channels 4,8 --size 16,16,16 --max-steps 1 --val-fraction 0 --previews 0");
  CHECK(got.exit_code == 0);
  CHECK_THAT(got.errors,
             ContainsSubstring("revunet-train: warning: field-of-view: [--size] expected a field of view that "
                               "holds all cases, got 16,16,16, which cuts 2 of 2"));
}

TEST_CASE("patients as the user names them decide on the split, and a resumed run keeps them", "[check]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  const std::string options = std::string(tiny_options) + " --max-steps 1 --previews 0 --check none";
  // Phantom_001 and Phantom_002 are one patient: they train or validate together.
  REQUIRE(train(data, folder / "run", options + " --val-fraction 0.34 --patients '(_00[3-9]|_00)'").exit_code == 0);
  CHECK_THAT(read_bytes(folder / "run/split.json"), ContainsSubstring("\"Phantom_001\",\n    \"Phantom_002\"\n  ]"));
  CHECK_THAT(read_bytes(folder / "run/config.toml"), ContainsSubstring("patients = \"(_00[3-9]|_00)\"\n"));
  CHECK(run_tool("revunet-train", fmt::format("--resume '{}' --max-steps 2", (folder / "run").string())).exit_code ==
        0);
  const ToolResult refused = train(data, folder / "other", options + " --patients '(.+)_001'");
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.errors, ContainsSubstring("finds none in Phantom_002"));
}

// Tests what revunet-train refuses, and runs that fail: exit codes, reasons and what is left.
#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/support/mpi_runner.h"
#include "tests/support/places.h"
#include "tests/support/skip.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

const std::string tiny_refused = tiny_options;

// Writes a case of 32 x 32 x 32 voxels without a tumour, all near one value except (24, 24, 24), which is far off.
void write_case_with_outlier(const fs::path& folder) {
  const std::string name = folder.filename().string();
  fs::create_directories(folder);
  const std::vector<char> header = io::make_nifti_header({32, 32, 32}, {1, 1, 1});
  std::vector<int16_t> voxels(32 * 32 * 32);
  for (size_t i = 0; i < voxels.size(); ++i) voxels[i] = static_cast<int16_t>(1 + i % 2);
  const size_t outlier = 24 + 32 * (24 + 32 * 24);
  voxels[outlier] = 30000;
  for (const char* modality : {"t1", "t1ce", "t2", "flair"}) {
    ++voxels[outlier];  // no two images are equal
    io::write_nifti(folder / fmt::format("{}_{}.nii.gz", name, modality), header, voxels);
  }
  io::write_nifti(folder / (name + "_seg.nii.gz"), header, std::vector<uint8_t>(voxels.size()));
}

}  // namespace

TEST_CASE("revunet-train refuses bad usage with exit code 2 and makes nothing", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), run = folder / "run";
  // Options are checked before the data, so an option that is accepted by mistake ends with 3, not with a long run.
  const auto refused = [&](const std::string& options, const std::string& reason) {
    INFO(options);
    expect_train_refusal(train(folder / "absent", run, options), 2, reason);
    CHECK_FALSE(fs::exists(run));
  };
  refused("--unknown 1", "--unknown");
  refused("--size 150,192,160",
          "expected sizes that are multiples of 16 for 5 levels, got 150,192,160; the nearest are "
          "144,192,160");
  refused("--size 160,192", "expected three positive sizes");
  refused("--size 32,32,32 --patch 16,16,20", "the nearest are 16,16,16");
  refused(tiny_refused + " --patch 16,16,34", "[--patch] expected a patch within --size 32,32,32, got 16,16,34");
  refused("--channels 5,10", "multiples of the first, which is even, got 5 in 5,10");
  refused("--channels 4,6", "got 6 in 4,6");
  refused("--channels 4,,8", "[--channels] expected whole numbers");
  refused("--model baseline --encoder-depth 2", "expected 1 with the baseline");
  refused("--encoder-depth 0", "[--encoder-depth] expected a whole number from 1 to 1000, got 0");
  refused("--model other", "--model");
  refused("--device cuda", "--device");
  refused("--epochs 0", "[--epochs] expected a whole number from 1 to 1000000, got 0");
  refused("--max-steps -1", "[--max-steps]");
  refused("--validate-every 0", "[--validate-every]");
  refused("--lr 0", "[--lr]");
  refused("--lr nan", "[--lr]");
  refused("--lr-divisor 1000 --lr-drops 1,2,3,4,5,6,7,8,9,10,11,12 --epochs 13",
          "[--lr, --lr-drops, --lr-divisor] expected a learning rate of at least 1e-38 in every epoch");
  refused("--val-fraction 1", "[--val-fraction]");
  refused("--threads -1", "[--threads]");
  refused("--seed -1", "--seed");
  expect_train_refusal(train(data, run, "--config '" + (folder / "absent.toml").string() + "'"), 3, "absent.toml");
  write_bytes(folder / "mistyped.toml", "epocs = 3\n");
  refused("--config '" + (folder / "mistyped.toml").string() + "'", "epocs");
  expect_train_refusal(run_tool("revunet-train", "--out '" + run.string() + "'"), 2, "--data is required");
  expect_train_refusal(run_tool("revunet-train", "--data '" + data.string() + "'"), 2, "--out is required");
  expect_train_refusal(train(folder / "absent", folder / "run\xff", tiny_refused), 2,
                       "[--out] expected a text in UTF-8");

  // An earlier run is not touched.
  REQUIRE(train(data, run, tiny_refused + " --max-steps 1").exit_code == 0);
  const std::string before = read_bytes(run / "last.safetensors");
  expect_train_refusal(train(data, run, tiny_refused + " --max-steps 2"), 2, "which is not empty; choose another");
  CHECK(read_bytes(run / "last.safetensors") == before);
  expect_train_refusal(train(data, run / "log.csv", tiny_refused), 2, "[--out]");
}

TEST_CASE("revunet-train refuses bad data with exit code 3", "[train]") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const auto refused = [&](const std::string& options, const std::string& reason) {
    expect_train_refusal(train(folder / "data", run, tiny_refused + " --max-steps 1 " + options), 3, reason);
  };
  refused("", "got nothing there");
  const fs::path phantom = make_phantoms(folder / "data", 2) / "Phantom_002";
  const auto file = [&](const char* suffix) { return phantom / fmt::format("Phantom_002_{}.nii.gz", suffix); };

  write_untrained(folder / "wide.safetensors", {.channels = {8, 16}});
  refused("--init '" + (folder / "wide.safetensors").string() + "'",
          "[--init] expected weights of --channels 4,8, as given, got " + (folder / "wide.safetensors").string() +
              ", of --channels 8,16; leave --channels out");
  refused("--init '" + (folder / "absent.safetensors").string() + "'", "absent.safetensors");
  write_bytes(folder / "cut.safetensors", read_bytes(folder / "wide.safetensors").substr(0, 1000));
  refused("--init '" + (folder / "cut.safetensors").string() + "'", "cut.safetensors");

  fs::rename(file("seg"), folder / "seg");
  refused("", "[Phantom_002] expected a segmentation to train on, got none");
  fs::rename(folder / "seg", file("seg"));
  fs::rename(file("t1ce"), folder / "t1ce");
  refused("", "data/Phantom_002] expected Phantom_002_{t1,t1ce,t2,flair}.nii.gz (or .nii), got no t1ce");
  fs::rename(folder / "t1ce", file("t1ce"));
  CHECK_FALSE(fs::exists(run));  // all of these are seen before a run folder is made

  const std::string bytes = read_bytes(file("flair"));
  write_bytes(file("flair"), bytes.substr(0, bytes.size() / 2));
  expect_train_refusal(train(folder / "data", run, tiny_refused + " --epochs 1 --val-fraction 0"), 3,
                       "Phantom_002_flair.nii.gz");
  CHECK_FALSE(fs::exists(run));
  expect_train_refusal(train(folder / "data", run, tiny_refused + " --epochs 1 --val-fraction 0 --check none"), 3,
                       "Phantom_002_flair.nii.gz");
  CHECK_THAT(read_bytes(run / "train.log"), ContainsSubstring("Phantom_002_flair.nii.gz"));
  CHECK(names_in(run / "split.json", "training").size() == 2);
}

TEST_CASE("a loss that is not finite ends the run with exit code 1, naming case and tensor", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), run = folder / "run";
  const io::SafetensorsFile weights = io::read_safetensors(write_untrained(folder / "good.safetensors"));
  io::write_safetensors(folder / "huge.safetensors", with_filled(weights, "firstConv.weight", 3e38f));
  const ToolResult got =
      train(data, run, tiny_refused + " --epochs 2 --init '" + (folder / "huge.safetensors").string() + "'");
  expect_train_refusal(got, 1, "step 1, case Phantom_001: the loss is not finite");
  CHECK_THAT(got.errors, ContainsSubstring("[conv3d firstConv.weight] expected finite values in its output") &&
                             ContainsSubstring("no epoch was finished"));
  CHECK_THAT(read_bytes(run / "train.log"), ContainsSubstring("case Phantom_001: the loss is not finite"));
  CHECK(names_in(run / "split.json", "training") == std::vector<std::string>{"Phantom_001"});
  CHECK_THAT(read_bytes(run / "config.toml"), ContainsSubstring("huge.safetensors"));
  CHECK_FALSE(fs::exists(run / "last.safetensors"));
}

TEST_CASE("a run that fails late keeps the weights and the log of its last whole epoch", "[train]") {
  const TemporaryFolder folder;
  write_case_with_outlier(folder / "data/outlier");
  const io::SafetensorsFile weights = io::read_safetensors(write_untrained(folder / "good.safetensors"));
  // Standardised, the outlier is about 180 in each modality and everything else about 0. With these weights the first
  // convolution exceeds float's 3.4e38 in patches that hold the outlier (one in ten), and in no other.
  io::write_safetensors(folder / "huge.safetensors", with_filled(weights, "firstConv.weight", 1e36f));
  const fs::path run = folder / "run";
  const ToolResult got =
      train(folder / "data", run,
            tiny_refused + " --patch 16,16,16 --epochs 200 --init '" + (folder / "huge.safetensors").string() + "'");
  expect_train_refusal(got, 1, "case outlier: the loss is not finite");
  const auto rows = read_csv(run / "log.csv");
  REQUIRE(rows.size() > 2);  // the seed's first patches do not hold it
  CHECK_THAT(got.errors, ContainsSubstring(fmt::format("step {}, case outlier", rows.size())) &&
                             ContainsSubstring((run / "last.safetensors").string()));
  const WeightsInfo info = weights_info(io::read_safetensors(run / "last.safetensors"));
  CHECK(info.config == tiny_network);
  Device device;
  const auto model = make_unet(Context{device}, tiny_network, DType::f32, 0);
  CHECK_NOTHROW(load_weights(io::read_safetensors(run / "last.safetensors"), *model));  // finite
  CHECK_NOTHROW(load_weights(io::read_safetensors(run / "best.safetensors"), *model));
}

// As above, but each of two processes has such a case: a patch of one holds the outlier while that of the other does
// not.
TEST_CASE("a loss that is not finite on one process ends all, and is told once", "[train][distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  for (const char* name : {"data/outlier_1", "data/outlier_2"}) write_case_with_outlier(folder / name);
  const io::SafetensorsFile weights = io::read_safetensors(write_untrained(folder / "good.safetensors"));
  io::write_safetensors(folder / "huge.safetensors", with_filled(weights, "firstConv.weight", 1e36f));
  const fs::path run = folder / "run";
  const ToolResult got = run_limited(
      fmt::format("{}/revunet-train --processes 2 --data '{}' --out '{}' {} --patch 16,16,16 --epochs 200 --init '{}' "
                  "--val-fraction 0 --check none",
                  tools_dir(), (folder / "data").string(), run.string(), tiny_refused,
                  (folder / "huge.safetensors").string()),
      120);
  INFO(got.errors);
  CHECK(got.exit_code == 1);
  const std::string message = ": the loss is not finite";
  const size_t first = got.errors.find(message);
  REQUIRE(first != std::string::npos);
  CHECK(got.errors.find(message, first + 1) == std::string::npos);
  CHECK_THAT(got.errors, ContainsSubstring("revunet-train: error: rank ") && ContainsSubstring(" of 2 on ") &&
                             ContainsSubstring("case outlier_"));
  CHECK_THAT(read_bytes(run / "train.log"), ContainsSubstring(message));
}

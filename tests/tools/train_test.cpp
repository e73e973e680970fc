// revunet-train as a program: what a run leaves behind, that it can be repeated to the bit, and refusals by exit code.
#include <cmath>
#include <set>

#include <nlohmann/json.hpp>

#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

const std::string tiny = tiny_options;

std::vector<std::string> names_in(const fs::path& split_file, const std::string& part) {
  return nlohmann::json::parse(read_bytes(split_file)).at(part).get<std::vector<std::string>>();
}

// The text without the line of one key.
std::string without_line(const std::string& text, const std::string& key) {
  const size_t begin = text.find(key + " = "), end = text.find('\n', begin);
  REQUIRE(end != std::string::npos);
  return text.substr(0, begin) + text.substr(end + 1);
}

// Losses and Dice: what a log holds apart from times and bytes.
std::vector<std::vector<std::string>> results_in(const fs::path& log) {
  const auto rows = read_csv(log);
  std::vector<std::vector<std::string>> results;
  for (const char* name : {"epoch", "step", "loss", "loss_wt", "loss_tc", "loss_et", "dice_wt", "dice_tc", "dice_et"}) {
    results.push_back(column(rows, name));
  }
  return results;
}

void expect_refusal(const ToolResult& got, int exit_code, const std::string& reason) {
  CHECK(got.exit_code == exit_code);
  CHECK_THAT(got.errors, ContainsSubstring("revunet-train: error: ") && ContainsSubstring(reason));
}

// A case of 32 x 32 x 32 voxels without a tumour, all near one value but (24, 24, 24), which is far off.
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

TEST_CASE("a run leaves its configuration, split, logs and weights, and its loss falls", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), run = folder / "runs/first";
  const ToolResult got =
      train(data, run, tiny + " --epochs 12 --lr 0.005 --val-fraction 0.25 --validate-every 5 --seed 3");
  REQUIRE(got.exit_code == 0);
  CHECK(got.errors.empty());
  std::set<std::string> files;
  for (const auto& entry : fs::directory_iterator(run)) files.insert(entry.path().filename().string());
  CHECK(files == std::set<std::string>{"best.safetensors", "checkpoint.previous.safetensors", "checkpoint.safetensors",
                                       "config.toml", "last.safetensors", "log.csv", "memory.svg", "previews",
                                       "report.html", "run.lock", "split.json", "tensorboard", "train.log"});

  const auto rows = read_csv(run / "log.csv");
  REQUIRE(rows.size() == 1 + 12);
  for (const auto& row : rows) CHECK(row.size() == rows[0].size());
  CHECK(column(rows, "step").back() == "36");
  const std::vector<std::string> losses = column(rows, "loss");
  CHECK(std::stod(losses.front()) <= 3);  // three Dice losses of at most 1
  CHECK(std::stod(losses.back()) < 0.85 * std::stod(losses.front()));
  const std::vector<std::string> dice = column(rows, "dice_wt");
  for (size_t epoch = 1; epoch <= 12; ++epoch) CHECK(dice[epoch - 1].empty() == (epoch % 5 != 0 && epoch != 12));
  // A line an epoch, with the seconds of its row: nothing between them where there is no terminal.
  std::istringstream output(got.output);
  size_t epochs = 0;
  for (std::string line; std::getline(output, line);) {
    if (!line.starts_with("epoch ")) continue;
    ++epochs;
    const double waiting = std::stod(column(rows, "waiting_seconds").at(epochs - 1));
    CHECK_THAT(line, ContainsSubstring(fmt::format("epoch {}/12  loss", epochs)) &&
                         ContainsSubstring(fmt::format(" s ({:.1f} s waiting)", waiting)));
    CHECK(line.size() <= 100);
  }
  CHECK(epochs == 12);
  // The memory table adds up, row by row.
  for (size_t row = 1; row < rows.size(); ++row) {
    int64_t by_tag = 0;
    for (size_t i = 0; i < rows[0].size(); ++i) {
      const std::string& name = rows[0][i];
      const bool total = name == "peak_allocated_bytes" || name == "peak_reserved_bytes";
      if (name.starts_with("peak_") && !total) by_tag += std::stoll(rows[row][i]);
    }
    CHECK(by_tag == std::stoll(column(rows, "peak_allocated_bytes")[row - 1]));
    CHECK(by_tag > 0);
  }

  CHECK(names_in(run / "split.json", "training").size() == 3);
  CHECK(names_in(run / "split.json", "validation").size() == 1);
  CHECK_THAT(read_bytes(run / "config.toml"),
             ContainsSubstring("channels = \"4,8\"\n") && ContainsSubstring("lr = 0.005\n"));
  // The log on disk says how the run was started, then what the terminal does, each line after its time.
  const std::string log = read_bytes(run / "train.log");
  CHECK(std::count(log.begin(), log.end(), '\n') == 1 + std::count(got.output.begin(), got.output.end(), '\n'));
  CHECK_THAT(got.output,
             ContainsSubstring("epoch 12/12  loss ") && ContainsSubstring("reversible network, channels 4,8, "));
  CHECK_THAT(log, ContainsSubstring("epoch 12/12  loss " + losses.back().substr(0, 5)));

  const io::SafetensorsFile last = io::read_safetensors(run / "last.safetensors");
  const WeightsInfo info = weights_info(last);
  CHECK(info.config == tiny_network);
  CHECK(info.size == io::Size3{32, 32, 32});
}

TEST_CASE("a run's configuration file repeats it to the bit, whatever the threads", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  const std::string options =
      GENERATE("--channels 4,8 --encoder-depth 2 --patch 16,20,24 --lr 0.003", "--model baseline --channels 4,8");
  REQUIRE(train(data, folder / "a",
                options + " --size 32,32,32 --epochs 2 --val-fraction 0.3 --seed 18446744073709551615 --threads 1")
              .exit_code == 0);
  const std::string config = "--config '" + (folder / "a/config.toml").string() + "' --out '";
  REQUIRE(run_tool("revunet-train", config + (folder / "b").string() + "'", patient_threads).exit_code == 0);
  REQUIRE(run_tool("revunet-train", config + (folder / "c").string() + "' --threads 2", patient_threads).exit_code ==
          0);
  REQUIRE(run_tool("revunet-train", config + (folder / "d").string() + "' --seed 5", patient_threads).exit_code == 0);
  for (const char* other : {"b", "c"}) {
    INFO(other);
    const fs::path run = folder / other;
    for (const char* file : {"last.safetensors", "best.safetensors", "split.json"}) {
      CHECK(read_bytes(run / file) == read_bytes(folder / "a" / file));
    }
    CHECK(results_in(run / "log.csv") == results_in(folder / "a/log.csv"));
  }
  const auto config_of = [&](const char* run) { return without_line(read_bytes(folder / run / "config.toml"), "out"); };
  CHECK(config_of("a") == config_of("b"));
  CHECK(without_line(config_of("a"), "threads") == without_line(config_of("c"), "threads"));
  CHECK(read_bytes(folder / "d/last.safetensors") != read_bytes(folder / "a/last.safetensors"));
}

TEST_CASE("training with --max-steps stops in the midst of an epoch, after the same steps", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  const std::string options = tiny + " --val-fraction 0 ";
  REQUIRE(train(data, folder / "epoch", options + "--epochs 1").exit_code == 0);
  REQUIRE(train(data, folder / "three", options + "--max-steps 3").exit_code == 0);
  CHECK(read_bytes(folder / "epoch/last.safetensors") == read_bytes(folder / "three/last.safetensors"));
  REQUIRE(train(data, folder / "four", options + "--max-steps 4").exit_code == 0);
  const auto rows = read_csv(folder / "four/log.csv");
  CHECK(column(rows, "step") == std::vector<std::string>{"3", "4"});
  CHECK(column(rows, "dice_wt") == std::vector<std::string>{"", ""});  // nothing validates
  CHECK(read_bytes(folder / "four/last.safetensors") != read_bytes(folder / "three/last.safetensors"));
}

TEST_CASE("training starts from --init weights", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1);
  const fs::path init = write_untrained(folder / "init.safetensors");  // of another seed than the run's
  // A step of Adam moves a weight by at most about lr, here less than the least float32 that the tensors hold.
  REQUIRE(train(data, folder / "run", tiny + " --max-steps 1 --lr 1e-30 --init '" + init.string() + "'").exit_code ==
          0);
  const io::SafetensorsFile before = io::read_safetensors(init);
  const io::SafetensorsFile after = io::read_safetensors(folder / "run/last.safetensors");
  double moved = 0;
  for (const auto& entry : before.entries()) {
    const std::vector<double> a = entry.tensor.to_f64(), b = after.at(entry.name).to_f64();
    for (size_t i = 0; i < a.size(); ++i) moved = std::max(moved, std::abs(a[i] - b[i]));
  }
  CHECK(moved < 1e-29);
}

TEST_CASE("a run takes the network of its --init weights where no option says another", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1);
  const UNetConfig deep = {.channels = {8, 16}, .encoder_depth = 2};
  const fs::path init = write_untrained(folder / "init.safetensors", deep);
  const std::string options = "--size 32,32,32 --max-steps 1 --init '" + init.string() + "'";
  const ToolResult got = train(data, folder / "run", options);
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK(weights_info(io::read_safetensors(folder / "run/last.safetensors")).config == deep);
  CHECK(train(data, folder / "said", options + " --encoder-depth 2 --channels 8,16").exit_code == 0);
  const std::string config = "--config '" + (folder / "run/config.toml").string() + "' --init '" +
                             write_untrained(folder / "other.safetensors").string() + "'";
  expect_refusal(train(data, folder / "other", config), 3, "expected weights of --channels 8,16, as given");
  expect_refusal(train(data, folder / "other", options + " --model baseline"), 3,
                 "expected weights of --model baseline, as given");
  CHECK_FALSE(fs::exists(folder / "other"));
}

TEST_CASE("revunet-train refuses bad usage with exit code 2 and makes nothing", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), run = folder / "run";
  // Options are judged before the data, so an option that is taken after all ends with 3, not with a long run.
  const auto refused = [&](const std::string& options, const std::string& reason) {
    INFO(options);
    expect_refusal(train(folder / "absent", run, options), 2, reason);
    CHECK_FALSE(fs::exists(run));
  };
  refused("--unknown 1", "--unknown");
  refused("--size 150,192,160",
          "expected sizes that are multiples of 16 for 5 levels, got 150,192,160; the nearest are "
          "144,192,160");
  refused("--size 160,192", "expected three positive sizes");
  refused("--size 32,32,32 --patch 16,16,20", "the nearest are 16,16,16");
  refused(tiny + " --patch 16,16,34", "[--patch] expected a patch within --size 32,32,32, got 16,16,34");
  refused("--channels 5,10", "multiples of the first, which is even, got 5 in 5,10");
  refused("--channels 4,6", "got 6 in 4,6");
  refused("--channels 4,,8", "[--channels] expected whole numbers");
  refused("--model baseline --encoder-depth 2", "expected 1 with the baseline");
  refused("--encoder-depth 0", "[model] expected --encoder-depth 1 to 1000, got 0");
  refused("--model other", "--model");
  refused("--device cuda", "--device");
  refused("--epochs 0", "[--epochs] expected 1 to 1000000, got 0");
  refused("--max-steps -1", "[--max-steps]");
  refused("--validate-every 0", "[--validate-every]");
  refused("--lr 0", "[--lr]");
  refused("--lr nan", "[--lr]");
  refused("--lr-divisor 1000 --lr-drops 1,2,3,4,5,6,7,8,9,10,11,12 --epochs 13",
          "[--lr, --lr-drops, --lr-divisor] expected a learning rate of at least 1e-38 in every epoch");
  refused("--val-fraction 1", "[--val-fraction]");
  refused("--threads -1", "[--threads]");
  refused("--seed -1", "--seed");
  expect_refusal(train(data, run, "--config '" + (folder / "absent.toml").string() + "'"), 3, "absent.toml");
  write_bytes(folder / "mistyped.toml", "epocs = 3\n");
  refused("--config '" + (folder / "mistyped.toml").string() + "'", "epocs");
  expect_refusal(run_tool("revunet-train", "--out '" + run.string() + "'"), 2, "--data is required");
  expect_refusal(run_tool("revunet-train", "--data '" + data.string() + "'"), 2, "--out is required");
  expect_refusal(train(folder / "absent", folder / "run\xff", tiny), 2, "[--out] expected a path in UTF-8");

  // An earlier run is not touched.
  REQUIRE(train(data, run, tiny + " --max-steps 1").exit_code == 0);
  const std::string before = read_bytes(run / "last.safetensors");
  expect_refusal(train(data, run, tiny + " --max-steps 2"), 2, "which is not empty; choose another");
  CHECK(read_bytes(run / "last.safetensors") == before);
  expect_refusal(train(data, run / "log.csv", tiny), 2, "[--out]");
}

TEST_CASE("revunet-train refuses bad data with exit code 3", "[train]") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const auto refused = [&](const std::string& options, const std::string& reason) {
    expect_refusal(train(folder / "data", run, tiny + " --max-steps 1 " + options), 3, reason);
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
  expect_refusal(train(folder / "data", run, tiny + " --epochs 1 --val-fraction 0"), 3, "Phantom_002_flair.nii.gz");
  CHECK_FALSE(fs::exists(run));
  expect_refusal(train(folder / "data", run, tiny + " --epochs 1 --val-fraction 0 --check none"), 3,
                 "Phantom_002_flair.nii.gz");
  CHECK_THAT(read_bytes(run / "train.log"), ContainsSubstring("Phantom_002_flair.nii.gz"));
  CHECK(names_in(run / "split.json", "training").size() == 2);
}

TEST_CASE("a loss that is not finite ends the run with exit code 1, naming case and tensor", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), run = folder / "run";
  const io::SafetensorsFile weights = io::read_safetensors(write_untrained(folder / "good.safetensors"));
  io::write_safetensors(folder / "huge.safetensors", with_filled(weights, "firstConv.weight", 3e38f));
  const ToolResult got = train(data, run, tiny + " --epochs 2 --init '" + (folder / "huge.safetensors").string() + "'");
  expect_refusal(got, 1, "step 1, case Phantom_001: the loss is not finite");
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
  // Standardised, the outlier is about 180 in each modality and everything else about 0: with these weights the first
  // convolution exceeds float's 3.4e38 in patches that hold the outlier (one in ten), and in no other.
  io::write_safetensors(folder / "huge.safetensors", with_filled(weights, "firstConv.weight", 1e36f));
  const fs::path run = folder / "run";
  const ToolResult got =
      train(folder / "data", run,
            tiny + " --patch 16,16,16 --epochs 200 --init '" + (folder / "huge.safetensors").string() + "'");
  expect_refusal(got, 1, "case outlier: the loss is not finite");
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

TEST_CASE("every tool has --help with its defaults, and --version", "[tools]") {
  struct Tool {
    std::string name;
    std::vector<std::string> help;
  };
  for (const Tool& tool :
       {Tool{"revunet-train", {"--channels", "60,120,240,360,480", "160,192,160", "=full", "=100", "=0.0001", "=0.2"}},
        Tool{"revunet-predict", {"--weights", "--probabilities", "160,192,160", "--threads INT=0"}},
        Tool{"revunet-evaluate", {"--reference", "--prediction", "--json", "--csv"}},
        Tool{"revunet-trace", {"summary", "peak", "verify", "plot", "convert"}},
        Tool{"revunet-phantom", {"--cases INT", "=1", "[240,240,155]", "--seed INT"}}}) {
    INFO(tool.name);
    const ToolResult help = run_tool(tool.name, "--help"), version = run_tool(tool.name, "--version");
    CHECK(help.exit_code == 0);
    CHECK(help.errors.empty());
    for (const std::string& text : tool.help) CHECK_THAT(help.output, ContainsSubstring(text));
    CHECK(version.exit_code == 0);
    CHECK_THAT(version.output, Catch::Matchers::Matches(tool.name + " [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  }
}

TEST_CASE("the learning rate drops, training stops by itself, and a split is reused", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4);
  const ToolResult first =
      train(data, folder / "first", tiny + " --val-fraction 0.5 --epochs 3 --lr 0.01 --lr-drops 1,2 --lr-divisor 10");
  REQUIRE(first.exit_code == 0);
  CHECK(column(read_csv(folder / "first/log.csv"), "learning_rate") ==
        std::vector<std::string>{"0.01", "0.001", "0.0001"});

  // Steps too small to move a float: Dice stays what it is.
  const std::string still = " --lr 1e-30 --stop-window 1 --stop-patience 2 --epochs 9 --seed 7 --split ";
  const ToolResult second =
      train(data, folder / "second", tiny + still + "'" + (folder / "first/split.json").string() + "'");
  REQUIRE(second.exit_code == 0);
  CHECK_THAT(second.output, ContainsSubstring("stopped: the mean validation Dice of 1 epochs has not risen for 2"));
  CHECK(column(read_csv(folder / "second/log.csv"), "epoch") == std::vector<std::string>{"1", "2", "3"});
  CHECK(read_bytes(folder / "second/split.json") == read_bytes(folder / "first/split.json"));

  expect_refusal(train(data, folder / "x", tiny + " --folds 5"), 2, "[--folds] expected at most as many folds");
  expect_refusal(train(data, folder / "x", tiny + " --folds 2 --fold 2"), 2, "one of them, from 0, got 2 and 2");
  expect_refusal(train(data, folder / "x", tiny + " --lr-drops 5,5"), 2, "[--lr-drops] expected epochs");
  expect_refusal(train(data, folder / "x", tiny + " --val-fraction 0 --stop-patience 5"), 2, "[--stop-patience]");
}

TEST_CASE("a run with a cache of cases is the run without, when it is made and when it is there", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), cache = folder / "cache";
  const std::string options = std::string(tiny_options) + " --epochs 2 --val-fraction 0.25 --augment paper";
  REQUIRE(train(data, folder / "without", options).exit_code == 0);
  for (const char* run : {"made", "there"}) {
    const ToolResult got = train(data, folder / run, options + " --cache '" + cache.string() + "' --loader-threads 3");
    REQUIRE(got.exit_code == 0);
    CHECK(read_bytes(folder / run / "last.safetensors") == read_bytes(folder / "without/last.safetensors"));
    CHECK(column(read_csv(folder / run / "log.csv"), "dice_wt") ==
          column(read_csv(folder / "without/log.csv"), "dice_wt"));
  }
  CHECK(fs::exists(cache / "Phantom_004.case"));
  write_bytes(cache / "Phantom_002.case", "x");
  const ToolResult mended = train(data, folder / "mended", options + " --cache '" + cache.string() + "'");
  CHECK_THAT(mended.output, ContainsSubstring("the cached case is damaged and made again"));
  CHECK(read_bytes(folder / "mended/last.safetensors") == read_bytes(folder / "without/last.safetensors"));
}

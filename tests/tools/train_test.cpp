// Tests revunet-train as a program: what a run leaves behind, that it can be repeated to the bit, and when it ends.
#include <set>

#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

const std::string tiny = tiny_options;

// Returns the text without the line of one key.
std::string without_line(const std::string& text, const std::string& key) {
  const size_t begin = ("\n" + text).find("\n" + key + " = "), end = text.find('\n', begin);
  REQUIRE(end != std::string::npos);
  return text.substr(0, begin) + text.substr(end + 1);
}

// Returns losses and Dice: what a log holds apart from times and bytes.
std::vector<std::vector<std::string>> results_in(const fs::path& log) {
  const auto rows = read_csv(log);
  std::vector<std::vector<std::string>> results;
  for (const char* name : {"epoch", "step", "loss", "loss_wt", "loss_tc", "loss_et", "dice_wt", "dice_tc", "dice_et"}) {
    results.push_back(column(rows, name));
  }
  return results;
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
  // Each epoch has a line, with the seconds of its row. Nothing is between them where there is no terminal.
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

TEST_CASE("training with --max-steps stops within an epoch, after the same steps", "[train]") {
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

TEST_CASE("the learning rate drops, training stops by itself, and a split is reused", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4);
  const ToolResult first =
      train(data, folder / "first", tiny + " --val-fraction 0.5 --epochs 3 --lr 0.01 --lr-drops 1,2 --lr-divisor 10");
  REQUIRE(first.exit_code == 0);
  CHECK(column(read_csv(folder / "first/log.csv"), "learning_rate") ==
        std::vector<std::string>{"0.01", "0.001", "0.0001"});

  // The steps are too small to move a float, so Dice does not change.
  const std::string still = " --lr 1e-30 --stop-window 1 --stop-patience 2 --epochs 9 --seed 7 --split ";
  const ToolResult second =
      train(data, folder / "second", tiny + still + "'" + (folder / "first/split.json").string() + "'");
  REQUIRE(second.exit_code == 0);
  CHECK_THAT(second.output, ContainsSubstring("stopped: the mean validation Dice of 1 epochs has not risen for 2"));
  CHECK(column(read_csv(folder / "second/log.csv"), "epoch") == std::vector<std::string>{"1", "2", "3"});
  CHECK(read_bytes(folder / "second/split.json") == read_bytes(folder / "first/split.json"));

  expect_train_refusal(train(data, folder / "x", tiny + " --folds 5"), 2, "[--folds] expected at most as many folds");
  expect_train_refusal(train(data, folder / "x", tiny + " --folds 2 --fold 2"), 2, "one of them, from 0, got 2 and 2");
  expect_train_refusal(train(data, folder / "x", tiny + " --lr-drops 5,5"), 2, "[--lr-drops] expected epochs");
  expect_train_refusal(train(data, folder / "x", tiny + " --val-fraction 0 --stop-patience 5"), 2, "[--stop-patience]");
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

// Tests which weights a run leaves: the best and the last ones, averaged ones, and how options change them.
#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "models/training/samples/sample_source.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
namespace fs = std::filesystem;

namespace {

using Scores = std::array<double, 3>;  // Dice of WT, TC, ET

// Returns the scores of each row of a log.
std::vector<Scores> logged_dice(const fs::path& log) {
  const auto rows = read_csv(log);
  std::vector<Scores> dice;
  for (size_t epoch = 0; epoch + 1 < rows.size(); ++epoch) {
    Scores& scores = dice.emplace_back();
    const std::array<const char*, 3> names = {"dice_wt", "dice_tc", "dice_et"};
    for (size_t r = 0; r < 3; ++r) scores[r] = std::stod(column(rows, names[r])[epoch]);
  }
  return dice;
}

double sum(const Scores& s) {
  return s[0] + s[1] + s[2];
}

// Returns the scores that revunet-predict and revunet-evaluate give to weights.
Scores scores_of(const fs::path& weights, const fs::path& data, const fs::path& out) {
  REQUIRE(predict(weights, data, out).exit_code == 0);
  const fs::path json = out.string() + ".json";
  REQUIRE(run_tool("revunet-evaluate", fmt::format("--reference '{}' --prediction '{}' --json '{}'", data.string(),
                                                   out.string(), json.string()))
              .exit_code == 0);
  const nlohmann::json mean = nlohmann::json::parse(read_bytes(json)).at("mean");
  return {mean.at("WT").at("dice").get<double>(), mean.at("TC").at("dice").get<double>(),
          mean.at("ET").at("dice").get<double>()};
}

constexpr double kRounding = 0.5e-6;  // of a log's six decimals

void expect_scores(const Scores& got, const Scores& logged) {
  for (size_t r = 0; r < 3; ++r) CHECK(got[r] == Approx(logged[r]).epsilon(0).margin(1.01 * kRounding));
}

std::string last_weights(const fs::path& run) {
  return read_bytes(run / "last.safetensors");
}

}  // namespace

TEST_CASE("best.safetensors is of the epoch with the highest Dice, last.safetensors of the last, both averaged",
          "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 5), run = folder / "run", held_out = folder / "held out";
  const std::string options = std::string(tiny_options) + " --val-fraction 0.4 --lr 0.02 --ema 0.9 --seed 3";
  REQUIRE(train(data, run, options + " --epochs 8").exit_code == 0);
  // Steps of 0.9 per weight destroy what was learnt, so the last epoch is not the best, on any processor.
  REQUIRE(run_tool("revunet-train", fmt::format("--resume '{}' --epochs 9 --lr 0.9", run.string()), patient_threads)
              .exit_code == 0);
  const nlohmann::json split = nlohmann::json::parse(read_bytes(run / "split.json"));
  REQUIRE(split.at("validation").size() == 2);
  fs::create_directory(held_out);
  for (const std::string name : split.at("validation")) {
    fs::copy(data / name, held_out / name, fs::copy_options::recursive);
  }
  const std::vector<Scores> dice = logged_dice(run / "log.csv");
  REQUIRE(dice.size() == 9);
  const Scores& highest = *std::ranges::max_element(dice, {}, sum);
  REQUIRE(sum(highest) > sum(dice.back()) + 0.1);
  expect_scores(scores_of(run / "best.safetensors", held_out, folder / "best"), highest);
  expect_scores(scores_of(run / "last.safetensors", held_out, folder / "last"), dice.back());
}

TEST_CASE("with --ema the weights of a run are the averages, not the newest", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), run = folder / "run";
  REQUIRE(
      train(data, run, "--channels 4,8 --size 16,16,16 --val-fraction 0 --epochs 2 --lr 0.01 --ema 0.9").exit_code ==
      0);
  const io::SafetensorsFile last = io::read_safetensors(run / "last.safetensors"),
                            checkpoint = io::read_safetensors(run / "checkpoint.safetensors");
  size_t vectors = 0;
  for (const auto& [name, tensor] : last.entries()) {
    if (tensor.shape().size() != 1) continue;  // of one layout in both files
    ++vectors;
    INFO(name);
    CHECK(tensor.to_f64() == checkpoint.at("average." + name).to_f64());
    CHECK(tensor.to_f64() != checkpoint.at("weight." + name).to_f64());
  }
  CHECK(vectors > 10);
}

TEST_CASE("the steps decay the weights as --weight-decay says", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2);
  const std::string options = "--channels 4,8 --size 16,16,16 --val-fraction 0 --max-steps 2 --lr 0.01";
  REQUIRE(train(data, folder / "default", options).exit_code == 0);
  REQUIRE(train(data, folder / "same", options + " --weight-decay 0.00001").exit_code == 0);
  REQUIRE(train(data, folder / "decay", options + " --weight-decay 0.5").exit_code == 0);
  CHECK(last_weights(folder / "same") == last_weights(folder / "default"));
  CHECK(last_weights(folder / "decay") != last_weights(folder / "default"));
}

TEST_CASE("augmentation without a range is none, and every range is one", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2);
  const std::string options = "--channels 4,8 --size 32,32,32 --val-fraction 0 --max-steps 2 --lr 0.01";
  REQUIRE(train(data, folder / "none", options).exit_code == 0);
  const std::vector<std::string> off = {"--rotation 0", "--scaling 1,1", "--deformation 0", "--flip 0",
                                        "--intensity-shift 0"};
  // All ranges but one are off. At last that one is off too.
  for (size_t on = 0; on <= off.size(); ++on) {
    std::string words = options + " --augment paper";
    for (size_t i = 0; i < off.size(); ++i) {
      if (i != on) words += ' ' + off[i];
    }
    INFO(words);
    const fs::path run = folder / std::to_string(on);
    REQUIRE(train(data, run, words).exit_code == 0);
    CHECK((last_weights(run) == last_weights(folder / "none")) == (on == off.size()));
  }
}

TEST_CASE("each epoch augments a case in its own way, the same way every time", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2);
  TrainOptions options;
  options.size = {16, 16, 16};
  options.seed = 3;
  options.augmentation = AugmentationRanges{};
  const auto matrices = [&] {
    SampleSource source(options, io::find_cases(data), nullptr, nullptr);
    std::map<std::string, std::vector<std::array<double, 4>>> drawn;  // by case, one epoch after the other
    for (int64_t number = 0; number < 6; ++number) {
      const TrainingSample sample = source.get(number, 6);
      REQUIRE(sample.sample.voxels.window);
      drawn[sample.case_name].push_back(sample.sample.voxels.window->warp.matrix);
    }
    return drawn;
  };
  const auto drawn = matrices();
  std::set<std::array<double, 4>> different;
  for (const auto& [name, of_epochs] : drawn) {
    CHECK(of_epochs.size() == 3);
    different.insert(of_epochs.begin(), of_epochs.end());
  }
  CHECK(different.size() == 6);
  CHECK(matrices() == drawn);
}

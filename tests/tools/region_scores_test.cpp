// The score that weights are chosen by: regions that a case lacks take no part in it.
#include "models/training/region_scores.h"

#include <zlib.h>

#include <nlohmann/json.hpp>

#include "io/nifti/nifti.h"
#include "models/training/report/run_log.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

const std::vector<uint8_t> kHealthy = {0, 0}, kOedema = {0, 2}, kCore = {1, 2}, kAll = {4, 0};

// Two phantoms, of which the second validates; its labels go through `change`.
template <class Change>
fs::path make_data(const fs::path& data, Change change) {
  make_phantoms(data, 2);
  const fs::path file = data / "Phantom_002/Phantom_002_seg.nii.gz";
  io::LabelImage segmentation = io::read_nifti_labels(file);
  for (uint8_t& label : segmentation.labels) label = change(label);
  io::write_nifti(file, segmentation.header, segmentation.labels);
  write_bytes(data.parent_path() / "split.json", R"({"training": ["Phantom_001"], "validation": ["Phantom_002"]})");
  return data;
}

ToolResult train_on(const fs::path& data, const fs::path& run, const std::string& more) {
  return train(data, run,
               fmt::format("--channels 4,8 --size 32,32,32 --check none --no-tensorboard --split '{}' {}",
                           (data.parent_path() / "split.json").string(), more));
}

}  // namespace

TEST_CASE("a case is scored in the regions that its reference has", "[train]") {
  const RegionValues dice = {0.5, 0.25, 1};
  CHECK(scores_of_case(kHealthy, dice) == RegionScores{});
  CHECK(scores_of_case(kOedema, dice) == RegionScores{0.5, std::nullopt, std::nullopt});
  CHECK(scores_of_case(kCore, dice) == RegionScores{0.5, 0.25, std::nullopt});
  CHECK(scores_of_case(kAll, dice) == RegionScores{0.5, 0.25, 1.0});
}

TEST_CASE("a network that finds nothing is not chosen before one that finds some", "[train]") {
  // Only the first of three cases has ET. One network predicts nothing: Dice 1 where there is nothing.
  const auto score = [](const RegionValues& first, const RegionValues& others) {
    const std::vector<RegionScores> cases = {scores_of_case(kAll, first), scores_of_case(kCore, others),
                                             scores_of_case(kCore, others)};
    return mean_over_regions(mean_over_cases(cases));
  };
  CHECK(score({0, 0, 0}, {0, 0, 1}) == 0.0);
  CHECK(*score({0.6, 0.3, 0.3}, {0.3, 0.15, 0}) == Approx((0.4 + 0.2 + 0.3) / 3));  // 0.3 of ET over one case
}

TEST_CASE("a region that no case has takes no part in the mean, and no region at all has none", "[train]") {
  const std::vector<RegionScores> cases = {scores_of_case(kOedema, {0.25, 1, 1}), scores_of_case(kOedema, {0.75, 1, 1}),
                                           scores_of_case(kHealthy, {1, 1, 1})};
  CHECK(mean_over_cases(cases) == RegionScores{0.5, std::nullopt, std::nullopt});
  CHECK(mean_over_regions(mean_over_cases(cases)) == 0.5);
  CHECK(mean_over_regions(mean_over_cases({})) == std::nullopt);
  CHECK_THAT(describe_choice({3, 2, 0}, 4), ContainsSubstring("WT 3, TC 2, ET 0 of 4; ET takes no part"));
  CHECK_THAT(describe_choice({0, 0, 0}, 4), ContainsSubstring("lowest loss: none of the 4 cases"));
  CHECK_THAT(describe_choice({0, 0, 0}, 0), ContainsSubstring("lowest loss: no case validates"));
}

TEST_CASE("the best epoch of a log goes by the regions that it has, and without any by the loss", "[train][report]") {
  const auto log_of = [](const std::vector<std::pair<double, RegionScores>>& epochs) {
    std::string csv = csv_header();
    int64_t epoch = 0;
    for (const auto& [loss, dice] : epochs) {
      EpochRecord record;
      record.epoch = record.step = ++epoch;
      record.loss = {loss, 0, 0};
      record.dice = dice;
      csv += csv_row(record);
    }
    return parse_log(csv, "log.csv");
  };
  const RegionScores low = {0.2, std::nullopt, std::nullopt}, high = {0.4, std::nullopt, std::nullopt}, none;
  CHECK(best_epoch(log_of({{1, low}, {2, high}, {0.5, none}}))->epoch == 2);
  CHECK(log_of({{1, high}})[0].dice == high);
  CHECK(best_epoch(log_of({{1, none}, {0.5, none}, {2, none}}))->epoch == 2);
}

TEST_CASE("an epoch's line fits 100 columns", "[train]") {
  EpochRecord r;
  r.epoch = 1000;
  r.loss = {3, 3, 3.5};
  r.dice = {0.8124, 0.7551, std::nullopt};
  r.training_seconds = 612.25;
  r.waiting_seconds = 1.21;
  CHECK(describe(r, 1000, true) ==
        "epoch 1000/1000  loss 9.5000  Dice WT 0.812 TC 0.755 ET -  612.2 s (1.2 s waiting)  best");
  r.dice[2] = 0.5;
  r.training_seconds = 86399;  // 23:59:59
  r.waiting_seconds = 5025;
  CHECK_THAT(describe(r, 1000, true), ContainsSubstring("ET 0.500  23:59:59 (1:23:45 waiting)  best"));
  CHECK(describe(r, 1000, true).size() <= 100);
}

TEST_CASE("a run whose validation lacks a region says so, and goes by the others", "[train]") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const fs::path data = make_data(folder / "data", [](uint8_t label) { return label == 4 ? uint8_t{1} : label; });
  const ToolResult got = train_on(data, run, "--epochs 2 --stop-patience 9");
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("WT 1, TC 1, ET 0 of 1; ET takes no part"));
  const auto rows = read_csv(run / "log.csv");
  CHECK(column(rows, "dice_et") == std::vector<std::string>{"", ""});
  CHECK_FALSE(column(rows, "dice_wt")[0].empty());
}

TEST_CASE("a run whose validation has no tumour chooses by the loss, says so first, and cannot stop early", "[train]") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const fs::path data = make_data(folder / "data", [](uint8_t) { return uint8_t{0}; });
  const ToolResult refused = train_on(data, run, "--epochs 2 --stop-patience 9");
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.errors,
             ContainsSubstring("[--stop-patience] expected 0 without validation cases that have a tumour"));
  const ToolResult got = train_on(data, run, "--epochs 3 --lr 0.01");
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  const size_t said = got.output.find("lowest loss: none of the 1 cases");
  REQUIRE(said != std::string::npos);
  CHECK(said < got.output.find("epoch 1/3"));
  // Each epoch of a lower loss is the best.
  std::vector<double> losses;
  for (const std::string& loss : column(read_csv(run / "log.csv"), "loss")) losses.push_back(std::stod(loss));
  REQUIRE(losses.size() == 3);
  std::istringstream lines(got.output);
  double lowest = 1e9;
  size_t epoch = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("epoch ")) continue;
    INFO(line);
    CHECK(line.ends_with("  best") == (losses.at(epoch) < lowest));
    lowest = std::min(lowest, losses[epoch++]);
  }
}

namespace {

// The state of a checkpoint as the version before wrote it: without a word on which regions are scored.
void make_older(const fs::path& checkpoint) {
  io::SafetensorsFile file = io::read_safetensors(checkpoint);
  nlohmann::json state = nlohmann::json::parse(file.metadata.at("state"));
  REQUIRE(state.erase("scores") == 1);
  const std::string text = state.dump();
  uLong crc = crc32(0, nullptr, 0);
  const auto add = [&](const void* bytes, size_t size) { crc = crc32_z(crc, static_cast<const Bytef*>(bytes), size); };
  add(text.data(), text.size());
  for (const auto& [name, tensor] : file.entries()) {
    add(name.data(), name.size());
    add(tensor.bytes().data(), tensor.bytes().size());
  }
  file.metadata["state"] = text;
  file.metadata["crc32"] = fmt::format("{:08x}", crc);
  io::write_safetensors(checkpoint, file);
}

}  // namespace

TEST_CASE("a run of an older version goes on, and where its scores cannot be compared, it says so", "[train][resume]") {
  const TemporaryFolder folder;
  for (const bool lacks : {false, true}) {
    INFO(lacks);
    const fs::path place = folder / (lacks ? "lacks" : "whole"), run = place / "run";
    fs::create_directory(place);
    const fs::path data =
        make_data(place / "data", [&](uint8_t label) { return lacks && label == 4 ? uint8_t{1} : label; });
    REQUIRE(train_on(data, run, "--epochs 1").exit_code == 0);
    make_older(run / "checkpoint.safetensors");
    const ToolResult got =
        run_tool("revunet-train", fmt::format("--resume '{}' --epochs 2", run.string()), patient_threads);
    INFO(got.errors);
    REQUIRE(got.exit_code == 0);
    const bool said =
        got.output.find("best.safetensors and early stopping go by the epochs from 2 on") != std::string::npos;
    CHECK(said == lacks);
  }
}

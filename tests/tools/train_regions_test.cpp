// Tests runs of revunet-train whose cases lack regions: how they choose weights, and what they say about it.
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

// Makes two phantoms, of which the second validates. Its labels go through `change`.
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
             ContainsSubstring("[--stop-patience] expected 0 without validation cases that have a labelled region"));
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

// Writes the state of a checkpoint as the version before wrote it, which did not say which regions are scored.
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

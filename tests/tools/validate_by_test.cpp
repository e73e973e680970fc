// Tests validation by patches, against the files of revunet-predict and the plan. The cases have several sizes, and the
// fields of view are their own.
#include "tests/support/catch.h"
#include "tests/tools/patch_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

TEST_CASE("validation by patches gives the scores of the files that revunet-predict writes", "[train][predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_long_boxes(folder / "data"), run = folder / "run", weights = run / "last.safetensors";
  const std::string options =
      fmt::format("{} --patch 16,16,8 --epochs 4 --lr 0.01 --val-fraction 0.34 --validate-by ", kPatchNetwork);
  const ToolResult got = train(data, run, options + "patches");
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("validation predicts the field of view by overlapping patches of 16,16,8"));
  CHECK_THAT(read_bytes(run / "config.toml"), ContainsSubstring("validate-by = \"patches\""));
  REQUIRE(predict(weights, data / "imagesTr", folder / "out").exit_code == 0);
  REQUIRE(run_tool("revunet-evaluate",
                   fmt::format("--reference '{}' --prediction '{}' --csv '{}'", (data / "labelsTr").string(),
                               (folder / "out").string(), (folder / "scores.csv").string()))
              .exit_code == 0);
  const std::vector<std::string> validated = names_in(run / "split.json", "validation");
  REQUIRE(validated.size() == 1);
  const auto scores = read_csv(folder / "scores.csv");
  const std::vector<std::string> cases = column(scores, "case");
  const size_t row = static_cast<size_t>(std::ranges::find(cases, validated[0]) - cases.begin());
  const double dice = std::stod(column(read_csv(run / "log.csv"), "dice_box").back());
  CHECK(dice > 0.1);
  CHECK(dice < 0.999);  // a score that the number of voxels decides
  // Both are the same quotient of whole numbers. The log has six decimals.
  CHECK(std::abs(std::stod(column(scores, "dice").at(row)) - dice) <= 0.5000001e-6);
  // One pass over the field of view gives other scores, as GroupNorm sees all of it, and no other weights.
  const fs::path whole = folder / "whole", same = folder / "same";
  REQUIRE(train(data, whole, options + "whole").exit_code == 0);
  REQUIRE(train(data, same, options + "patches --field size").exit_code == 0);
  CHECK((read_bytes(whole / "last.safetensors") == read_bytes(same / "last.safetensors")));
  CHECK(column(read_csv(whole / "log.csv"), "dice_box") != column(read_csv(same / "log.csv"), "dice_box"));
}

TEST_CASE("a run that goes on with validation by patches compares no scores of the two", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_long_boxes(folder / "data"), run = folder / "run", whole = folder / "whole";
  const std::string options = fmt::format("{} --patch 16,16,8 --field size --val-fraction 0.34 ", kPatchNetwork);
  REQUIRE(train(data, whole, options + "--epochs 2 --validate-by patches").exit_code == 0);
  REQUIRE(train(data, run, options + "--epochs 1 --validate-by whole").exit_code == 0);
  const ToolResult resumed = run_tool(
      "revunet-train", fmt::format("--resume '{}' --epochs 2 --validate-by patches", run.string()), patient_threads);
  INFO(resumed.errors);
  REQUIRE(resumed.exit_code == 0);
  CHECK_THAT(
      resumed.output,
      ContainsSubstring(
          "warning: the scores of earlier epochs are of validation by whole fields of view; best.safetensors and "
          "early stopping go by the epochs from 2 on"));
  const auto last_dice = [](const fs::path& of) { return column(read_csv(of / "log.csv"), "dice_box").at(1); };
  CHECK(last_dice(run) == last_dice(whole));
  CHECK((read_bytes(run / "best.safetensors") == read_bytes(run / "last.safetensors")));
  const auto resumed_with = [](const fs::path& of, const std::string& more) {
    const ToolResult got =
        run_tool("revunet-train", fmt::format("--resume '{}' {}", of.string(), more), patient_threads);
    INFO(got.errors);
    REQUIRE(got.exit_code == 0);
    return got.output;
  };
  CHECK_THAT(resumed_with(run, "--epochs 3 --patch 16,16,16"),
             ContainsSubstring("are of validation by patches of 16,16,8;"));
  CHECK_THAT(resumed_with(run, "--epochs 4"), !ContainsSubstring("the scores of earlier epochs"));
  CHECK_THAT(resumed_with(run, "--epochs 5 --field case"),
             ContainsSubstring("are of validation by patches of 16,16,16;"));
  // Without validation cases, an epoch's score is its loss.
  const fs::path alone = folder / "alone";
  REQUIRE(train(data, alone, fmt::format("{} --patch 16,16,8 --epochs 1 --val-fraction 0", kPatchNetwork)).exit_code ==
          0);
  CHECK_THAT(resumed_with(alone, "--epochs 2 --patch 16,16,16"), !ContainsSubstring("the scores of earlier epochs"));
}

TEST_CASE("a run whose patches lie anywhere goes on with the same bits", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_long_boxes(folder / "data"), run = folder / "run", whole = folder / "whole";
  const std::string options =
      fmt::format("{} --patch 16,16,8 --epochs 2 --val-fraction 0 --foreground 0", kPatchNetwork);
  REQUIRE(train(data, whole, options).exit_code == 0);
  REQUIRE(train(data, run, options + " --max-steps 3").exit_code == 0);  // one epoch
  REQUIRE(
      run_tool("revunet-train", fmt::format("--resume '{}' --max-steps 0", run.string()), patient_threads).exit_code ==
      0);
  CHECK((read_bytes(run / "last.safetensors") == read_bytes(whole / "last.safetensors")));
}

TEST_CASE("a budget that validation in one pass exceeds makes it predict patches", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), run = folder / "run";
  const std::string options = "--channels 8,16 --size 64,64,64 --patch 16,16,16 --check headers --previews 0 ";
  const double whole = planned_mib(options), patches = planned_mib(options + "--validate-by patches");
  REQUIRE(patches < whole);
  const std::string budget = fmt::format("--memory-budget {}KiB ", static_cast<int64_t>(patches * 1024 + 64));
  const ToolResult got = train(data, run, options + budget + "--max-steps 1 --val-fraction 0.5");
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output,
             ContainsSubstring("validation predicts the field of view by overlapping patches of 16,16,16") &&
                 ContainsSubstring("memory of tensors in validation: predicted peak") && ContainsSubstring("measured"));
  const auto first = got.output.find("equal, byte for byte");
  REQUIRE(first != std::string::npos);
  CHECK(got.output.find("equal, byte for byte", first + 1) != std::string::npos);  // in training and in validation
  expect_train_refusal(run_tool("revunet-train", "--plan " + options + budget + "--validate-by whole"), 2,
                       "and validate on volumes of 64,64,64, got");
  expect_train_refusal(train(data, folder / "x", "--validate-by patches"), 2, "--validate-by");
}

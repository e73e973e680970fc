// Tests which patch a dataset gets by default where its field of view does not fit into the memory budget.
#include "tools/train/sample_choice.h"

#include "tests/support/catch.h"
#include "tests/tools/patch_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

// The values follow by hand: the axis that has most of the median case becomes shorter, the first of several.
TEST_CASE("patches shrink to the proportions of the median case", "[train]") {
  using Sizes = std::vector<io::Size3>;
  CHECK(tools::shrinking_patches({64, 64, 32}, {60, 60, 20}, {16, 16, 16}) ==
        Sizes{{64, 64, 32}, {48, 64, 32}, {48, 48, 32}, {32, 48, 32}, {32, 32, 32}});
  CHECK(tools::shrinking_patches({20, 12, 3}, {18, 12, 3}, {4, 4, 1}) ==
        Sizes{{20, 12, 3}, {16, 12, 3}, {16, 8, 3}, {16, 8, 2}, {12, 8, 2}, {8, 8, 2}});
  CHECK(tools::shrinking_patches({16, 16, 1}, {16, 16, 1}, {16, 16, 1}) == Sizes{{16, 16, 1}});
}

// The values follow by hand.
TEST_CASE("epochs show as many voxels as 5,000 median cases, in 250,000 samples at most", "[train]") {
  const io::Size3 median = {40, 40, 20}, size = {48, 48, 32};
  CHECK(tools::default_epochs(median, size, size, 100) == 50);
  CHECK(tools::default_epochs(median, size, size, 3000) == 10);
  CHECK(tools::default_epochs(median, size, size, 3) == 1000);
  CHECK(tools::default_epochs(median, size, {20, 20, 20}, 100) == 200);  // a quarter of the median's voxels
  CHECK(tools::default_epochs(median, size, {4, 4, 4}, 500) == 500);     // 500 times as many patches would be 2,500,000
  CHECK(tools::default_epochs(median, {20, 20, 20}, {20, 20, 20}, 100) == 50);  // no case shows more
}

TEST_CASE("a validation is as long as the epochs that take as many passes", "[train]") {
  CHECK(tools::epochs_of_validation(27, 40, 160) == 1.6875);  // 1080 passes; those of 160 steps take as long as 640
}

// The network is so small that workspaces count, which depend on the instructions.
TEST_CASE("a dataset trains on the largest patch that fits into the budget", "[train][task]") {
  const TemporaryFolder folder;
  const fs::path data = make_long_boxes(folder / "data");
  const std::string options = fmt::format(
      "{} --activations reversible --skips reversible --finest-level whole --optimiser-step separate --val-fraction "
      "0.34 --cpu-instructions {} --data '{}' ",
      kPatchNetwork, name_of(std::min(CpuInstructions::avx512, available_cpu_instructions())), data.string());
  const auto text = [](const io::Size3& size) { return fmt::format("{}", fmt::join(size, ",")); };
  // Finds a patch that takes less than the one before it. Plans are in whole segments of memory, so many take the same.
  const std::vector<io::Size3> patches = tools::shrinking_patches({48, 32, 16}, {44, 32, 16}, {2, 2, 2});
  const double whole = planned_mib(options);
  size_t i = 0;
  double mib = whole, before = whole;
  while (mib == before) {
    before = mib;
    mib = planned_mib(options + "--validate-by patches --patch " + text(patches.at(++i)));
  }
  REQUIRE(mib < before);
  const auto plan_within = [&](double budget, const std::string& more = "") {
    const auto kib = static_cast<int64_t>(budget * 1024 + 64);  // a plan's MiB have one decimal
    return run_tool("revunet-train", fmt::format("--plan {} --memory-budget {}KiB {}", options, kib, more));
  };
  const ToolResult planned = plan_within(mib);
  INFO(planned.errors);
  CHECK_THAT(planned.output, ContainsSubstring(fmt::format("training on {} voxels", text(patches[i]))) &&
                                 ContainsSubstring(fmt::format("chosen for this dataset: --patch {}: the largest that "
                                                               "fits into a --memory-budget of ",
                                                               text(patches[i]))) &&
                                 ContainsSubstring("the median case, which has 44,32,16 voxels"));
  CHECK_THAT(plan_within(whole).output, ContainsSubstring("training on 48,32,16 voxels") &&
                                            !ContainsSubstring("chosen for this dataset: --patch"));
  // The way to validate is known before the patch. Validation as a whole holds the field of view.
  CHECK_THAT(plan_within(mib, "--validate-by patches").output,
             ContainsSubstring(fmt::format("training on {} voxels", text(patches[i]))));
  const double in_one_pass = planned_mib(options + "--validate-by whole --patch 4,4,4");
  REQUIRE(in_one_pass < whole);
  CHECK_THAT(plan_within(in_one_pass, "--validate-by whole").output,
             ContainsSubstring("chosen for this dataset: --patch ") && !ContainsSubstring("--field") &&
                 ContainsSubstring("validating on 48,32,16 voxels"));
  // What is given stays, and a protocol decides for itself.
  const fs::path protocol = write_bytes(folder / "own.toml", "lr = 0.01\n");
  for (const std::string& more : {std::string("--patch full"), fmt::format("--protocol '{}'", protocol.string())}) {
    const ToolResult got = plan_within(mib, more);
    CHECK(got.exit_code == 2);
    CHECK_THAT(got.errors, ContainsSubstring("[--memory-budget] expected at least "));
  }
  CHECK_THAT(plan_within(1).errors, ContainsSubstring("no patch fits"));
}

// Tests a run and what is around it: a terminal that nobody reads, and a program that would write into its folder.
#include "models/training/run_folder/run_folder.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

TEST_CASE("a run goes on when nobody reads what it prints, and its log has everything", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), run = folder / "run", code = folder / "code";
  const std::string command = fmt::format(
      "CUDA_VISIBLE_DEVICES= {}{}/revunet-train --data '{}' --out '{}' --channels 4,8 --size 16,16,16 "
      "--epochs 2 --val-fraction 0",
      patient_threads, tools_dir(), data.string(), run.string());
  REQUIRE(std::system(fmt::format("({}; echo $? >'{}') 2>&1 | true", command, code.string()).c_str()) == 0);
  CHECK(read_bytes(code) == "0\n");
  CHECK_THAT(read_bytes(run / "train.log"), ContainsSubstring("epoch 2/2") && ContainsSubstring("done: "));
}

TEST_CASE("revunet-report refuses a folder in which a run writes", "[train]") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const RunFolder held = RunFolder::make(run);
  write_bytes(run / "config.toml", "x");
  write_bytes(run / "split.json", "x");
  CHECK(run_tool("revunet-report", fmt::format("'{}'", run.string())).exit_code == 2);
}

// Disks that fail: whichever write, sync or rename it is, the tool says so, and what was there before is there still.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

const std::string kOptions =
    "--channels 4,8 --size 16,16,16 --epochs 2 --val-fraction 0.25 --lr 0.01 --seed 3 --accumulate 2 --ema 0.9";

// A tool whose at-th write, sync or rename fails; 0: none.
ToolResult run_on_failing_disk(const std::string& tool, const std::string& arguments, long at, const fs::path& count) {
  return run_tool(tool, arguments,
                  fmt::format("{}ASAN_OPTIONS=verify_asan_link_order=0 FAILING_DISK_AT={} FAILING_DISK_COUNT='{}' "
                              "LD_PRELOAD={} ",
                              patient_threads, at, count.string(), REVUNET_FAILING_DISK));
}

std::string start(const fs::path& data, const fs::path& run) {
  return fmt::format("--data '{}' --out '{}' {}", data.string(), run.string(), kOptions);
}

void expect_no_leftovers(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    INFO(entry.path().string());
    CHECK_FALSE(entry.path().filename().string().starts_with('.'));
  }
}

}  // namespace

TEST_CASE("whichever write, sync or rename of a run fails, it is named, and the run goes on to the same end",
          "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), whole = folder / "whole", count = folder / "count";
  REQUIRE(run_on_failing_disk("revunet-train", start(data, whole), 0, count).exit_code == 0);
  const long calls = std::stol(read_bytes(count));
  REQUIRE(calls > 32);  // two epochs of four files, each written, synced, renamed, and its folder synced
  std::set<std::string> failed;
  for (long at = 1; at <= calls; ++at) {
    INFO("call " << at << " of " << calls);
    const fs::path run = folder / std::to_string(at);
    const ToolResult got = run_on_failing_disk("revunet-train", start(data, run), at, count);
    INFO(got.errors);
    // What only shows the run does not end it.
    const bool shows = got.output.find("the run goes on without ") != std::string::npos;
    REQUIRE(got.exit_code == (shows ? 0 : 3));
    const std::string& message = shows ? got.output : got.errors;
    CHECK_THAT(message, Contains("expected to ") && (Contains("No space left on device") || Contains("Input/output")));
    // The first call syncs the folder that the run's is made in.
    CHECK_THAT(message, Contains(at == 1 ? (folder / "").parent_path().string() : run.string()));
    expect_no_leftovers(run);
    const bool begun = fs::exists(run / "config.toml");
    const ToolResult rest = run_tool(
        "revunet-train", begun ? fmt::format("--resume '{}'", run.string()) : start(data, run), patient_threads);
    INFO(rest.errors);
    REQUIRE(rest.exit_code == 0);
    for (const char* file : {"last.safetensors", "best.safetensors", "split.json"}) {
      CHECK(read_bytes(run / file) == read_bytes(whole / file));
    }
    CHECK(column(read_csv(run / "log.csv"), "loss") == column(read_csv(whole / "log.csv"), "loss"));
    fs::remove_all(run);
  }
}

TEST_CASE("whichever write, sync or rename of a prediction fails, no half of a file is left", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), weights = write_untrained(folder / "w.safetensors"),
                 count = folder / "count";
  const auto arguments = [&](const fs::path& out) {
    return fmt::format("--weights '{}' --data '{}' --out '{}' --probabilities --overlay", weights.string(),
                       data.string(), out.string());
  };
  REQUIRE(run_on_failing_disk("revunet-predict", arguments(folder / "whole"), 0, count).exit_code == 0);
  const long calls = std::stol(read_bytes(count));
  REQUIRE(calls >= 8);
  for (long at = 1; at <= calls; ++at) {
    INFO("call " << at << " of " << calls);
    const fs::path out = folder / std::to_string(at);
    const ToolResult got = run_on_failing_disk("revunet-predict", arguments(out), at, count);
    CHECK(got.exit_code == 3);
    CHECK_THAT(got.errors, Contains(out.string()));
    expect_no_leftovers(out);
    for (const auto& entry : fs::directory_iterator(out)) {
      CHECK(read_bytes(entry.path()) == read_bytes(folder / "whole" / entry.path().filename()));
    }
  }
}

// The split holds the hash of a damaged file, until told otherwise.
void forget_hash(const fs::path& run, const std::string& name) {
  nlohmann::json split = nlohmann::json::parse(read_bytes(run / "split.json"));
  split["sha256"][name].erase("t2");
  write_bytes(run / "split.json", split.dump());
}

TEST_CASE("a case that cannot be read any more ends a run with its name, and nothing is lost", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), run = folder / "run";
  // With seed 2 the damaged case is the third of the first epoch.
  const std::string options =
      "--channels 4,8 --size 16,16,16 --epochs 2 --val-fraction 0 --lr 0.01 --loader-threads 1 --seed 2 --check none";
  REQUIRE(train(data, folder / "whole", options).exit_code == 0);
  const fs::path file = data / "Phantom_003/Phantom_003_t2.nii.gz";
  const std::string bytes = read_bytes(file);
  write_bytes(file, bytes.substr(0, bytes.size() / 2));
  const ToolResult got = train(data, run, options);
  CHECK(got.exit_code == 3);
  CHECK_THAT(got.errors, Contains("case Phantom_003: [" + file.string() + "]"));
  write_bytes(file, bytes);
  CHECK_THAT(got.errors, Contains("saved after step 2: once that is mended, go on with --resume"));
  const ToolResult other = run_tool("revunet-train", fmt::format("--resume '{}'", run.string()));
  CHECK(other.exit_code == 3);
  CHECK_THAT(other.errors, Contains(file.string() + "] expected the file that the split was made with"));
  forget_hash(run, "Phantom_003");
  REQUIRE(run_tool("revunet-train", fmt::format("--resume '{}'", run.string()), patient_threads).exit_code == 0);
  CHECK(read_bytes(run / "last.safetensors") == read_bytes(folder / "whole/last.safetensors"));
}

TEST_CASE("a case of validation that cannot be read does not lose the epoch's training", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), run = folder / "run", whole = folder / "whole";
  const std::string options =
      "--channels 4,8 --size 16,16,16 --epochs 1 --val-fraction 0.25 --lr 0.01 --seed 1 --check none";
  REQUIRE(train(data, whole, options).exit_code == 0);
  const auto name = nlohmann::json::parse(read_bytes(whole / "split.json"))["validation"][0].get<std::string>();
  const fs::path file = data / name / (name + "_t2.nii.gz");
  const std::string bytes = read_bytes(file);
  write_bytes(file, bytes.substr(0, bytes.size() / 2));
  const ToolResult got = train(data, run, options);
  CHECK(got.exit_code == 3);
  CHECK_THAT(got.errors, Contains("case " + name + ": [" + file.string() + "]") &&
                             Contains("saved after step 3: once that is mended, go on with --resume"));
  write_bytes(file, bytes);
  forget_hash(run, name);
  const ToolResult rest = run_tool("revunet-train", fmt::format("--resume '{}'", run.string()), patient_threads);
  REQUIRE(rest.exit_code == 0);
  CHECK_THAT(rest.errors + rest.output, Contains("resumed in epoch 1, after step 3"));
  for (const char* made : {"last.safetensors", "best.safetensors"}) {
    CHECK(read_bytes(run / made) == read_bytes(whole / made));
  }
}

// Tests disks that fail. Whichever call it is that makes, writes, syncs or renames a file, the tool says so, and what
// was there before is still there. Also tests the order of these calls, which decides what a power failure leaves.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/places.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

const std::map<std::string, std::string> reasons = {{"mkdir", "Read-only file system"},
                                                    {"create", "No space left on device"},
                                                    {"write", "No space left on device"},
                                                    {"sync", "Input/output error"},
                                                    {"rename", "Input/output error"}};
const std::string kTrainOptions =
    "--channels 4,8 --size 16,16,16 --epochs 2 --val-fraction 0.25 --lr 0.01 --seed 3 --accumulate 2 --ema 0.9";

// Runs a tool whose at-th call fails, or none with 0. `calls` gets a line for each call.
ToolResult run_on_failing_disk(const std::string& tool, const std::string& arguments, long at, const fs::path& calls) {
  return run_tool(tool, arguments,
                  fmt::format("{}ASAN_OPTIONS=verify_asan_link_order=0 FAILING_DISK_AT={} FAILING_DISK_CALLS='{}' "
                              "LD_PRELOAD={} ",
                              patient_threads, at, calls.string(), failing_disk()));
}

struct Call {
  std::string kind, path, to;  // to: of a rename
};

// Returns the calls of a tool for which nothing fails. There are some of every kind.
std::vector<Call> calls_of(const std::string& tool, const std::string& arguments) {
  const TemporaryFolder folder;
  REQUIRE(run_on_failing_disk(tool, arguments, 0, folder / "calls").exit_code == 0);
  std::vector<Call> calls;
  std::istringstream lines(read_bytes(folder / "calls"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    words >> calls.emplace_back().kind >> calls.back().path >> calls.back().to;
  }
  for (const auto& [kind, reason] : reasons) {
    REQUIRE(std::ranges::any_of(calls, [&](const Call& call) { return call.kind == kind; }));
  }
  return calls;
}

std::string start_training(const fs::path& data, const fs::path& run) {
  return fmt::format("--data '{}' --out '{}' {}", data.string(), run.string(), kTrainOptions);
}

void expect_no_leftovers(const fs::path& folder) {
  if (!fs::exists(folder)) return;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    INFO(entry.path().string());
    CHECK_FALSE(entry.path().filename().string().starts_with('.'));
  }
}

}  // namespace

TEST_CASE("a file gets its name once it is on disk, the older one keeps its own until then, and the folder is synced",
          "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), run = folder / "run";
  const std::vector<Call> calls = calls_of("revunet-train", start_training(data, run));
  std::map<std::string, std::string> last;  // the last call for each path
  std::map<std::string, int> named;
  for (size_t i = 0; i < calls.size(); ++i) {
    const auto& [kind, path, to] = calls[i];
    INFO("call " << i + 1 << ": " << kind << " " << path << " " << to);
    if (kind == "rename") {
      if (!fs::path(path).filename().string().starts_with('.')) {  // renames the older file to a name of its own
        REQUIRE(i + 1 < calls.size());
        CHECK(calls[i + 1].kind == "rename");
        CHECK(calls[i + 1].to == path);
        CHECK(last[calls[i + 1].path] == "sync");  // the newer one was on disk before
      } else {
        CHECK(last[path] == "sync");  // after the last of its writes
        REQUIRE(i + 1 < calls.size());
        CHECK(calls[i + 1].kind == "sync");
        CHECK(calls[i + 1].path == fs::path(to).parent_path());
      }
      ++named[fs::path(to).filename()];
    }
    last[path] = kind;
  }
  CHECK(named["checkpoint.safetensors"] == 2);  // one save per epoch
  CHECK(named["last.safetensors"] == 2);
  CHECK(named["log.csv"] == 2);
  for (const char* once : {"config.toml", "split.json", "report.html"}) CHECK(named[once] >= 1);
  // Every file came this way, except for those that the run appends to as it goes.
  const std::set<fs::path> kept = {"run.lock", "train.log"};  // the lock only says who holds it
  for (const auto& entry : fs::directory_iterator(run)) {
    const fs::path name = entry.path().filename();
    if (entry.is_regular_file() && !kept.contains(name)) CHECK(named[name] > 0);
  }
}

TEST_CASE("whichever call of a run fails, it is named, and the run goes on to the same end", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), whole = folder / "whole";
  const std::vector<Call> calls = calls_of("revunet-train", start_training(data, whole));
#if defined(__SANITIZE_ADDRESS__)
  WARN("skipped under sanitizers, where they would take minutes: two of three calls");
  constexpr size_t kStride = 3;
#else
  constexpr size_t kStride = 1;
#endif
  for (size_t at = 1; at <= calls.size(); at += kStride) {
    const auto& [kind, path, to] = calls[at - 1];
    INFO("call " << at << " of " << calls.size() << ": " << kind << " " << path << " " << to);
    const fs::path run = folder / std::to_string(at);
    const ToolResult got =
        run_on_failing_disk("revunet-train", start_training(data, run), static_cast<long>(at), folder / "its_calls");
    INFO(got.errors);
    // A failure of what only shows the run does not end it.
    const bool shows = got.output.find("the run goes on without ") != std::string::npos;
    REQUIRE(got.exit_code == (shows ? 0 : 3));
    const std::string& message = shows ? got.output : got.errors;
    CHECK_THAT(message, ContainsSubstring("expected to ") && ContainsSubstring(reasons.at(kind)));
    CHECK_THAT(message, ContainsSubstring(path == folder.path() ? path : run.string()));  // it holds the new run
    for (const char* file : {"checkpoint", "last.safetensors", "best.safetensors", "log.csv"}) {
      if (path.find(file) != std::string::npos)
        CHECK_THAT(message, ContainsSubstring("go on with --resume " + run.string()));
    }
    expect_no_leftovers(run);
    const bool begun = fs::exists(run / "config.toml");
    const ToolResult rest =
        run_tool("revunet-train", begun ? fmt::format("--resume '{}'", run.string()) : start_training(data, run),
                 patient_threads);
    INFO(rest.errors);
    REQUIRE(rest.exit_code == 0);
    for (const char* file : {"last.safetensors", "best.safetensors", "split.json"}) {
      CHECK(read_bytes(run / file) == read_bytes(whole / file));
    }
    CHECK(column(read_csv(run / "log.csv"), "loss") == column(read_csv(whole / "log.csv"), "loss"));
    fs::remove_all(run);
  }
}

TEST_CASE("whichever call of a prediction fails, no half of a file is left", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), weights = write_untrained(folder / "w.safetensors");
  const auto arguments = [&](const fs::path& out) {
    return fmt::format("--weights '{}' --data '{}' --out '{}' --probabilities --overlay", weights.string(),
                       data.string(), out.string());
  };
  const std::vector<Call> calls = calls_of("revunet-predict", arguments(folder / "whole"));
  for (size_t at = 1; at <= calls.size(); ++at) {
    const auto& [kind, path, to] = calls[at - 1];
    INFO("call " << at << " of " << calls.size() << ": " << kind << " " << path << " " << to);
    const fs::path out = folder / std::to_string(at);
    const ToolResult got =
        run_on_failing_disk("revunet-predict", arguments(out), static_cast<long>(at), folder / "its_calls");
    CHECK(got.exit_code == 3);
    CHECK_THAT(got.errors,
               ContainsSubstring(path == folder.path() ? path : out.string()) && ContainsSubstring(reasons.at(kind)));
    expect_no_leftovers(out);
    if (!fs::exists(out)) continue;
    for (const auto& entry : fs::directory_iterator(out)) {
      CHECK(read_bytes(entry.path()) == read_bytes(folder / "whole" / entry.path().filename()));
    }
  }
}

// Removes a file's hash, because the split holds that of the damaged file until then.
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
  CHECK_THAT(got.errors, ContainsSubstring("case Phantom_003: [" + file.string() + "]"));
  write_bytes(file, bytes);
  CHECK_THAT(got.errors, ContainsSubstring("saved after step 2: once that is fixed, go on with --resume"));
  const ToolResult other = run_tool("revunet-train", fmt::format("--resume '{}'", run.string()));
  CHECK(other.exit_code == 3);
  CHECK_THAT(other.errors, ContainsSubstring(file.string() + "] expected the file that the split was made with"));
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
  CHECK_THAT(got.errors, ContainsSubstring("case " + name + ": [" + file.string() + "]") &&
                             ContainsSubstring("saved after step 3: once that is fixed, go on with --resume"));
  write_bytes(file, bytes);
  forget_hash(run, name);
  const ToolResult rest = run_tool("revunet-train", fmt::format("--resume '{}'", run.string()), patient_threads);
  REQUIRE(rest.exit_code == 0);
  CHECK_THAT(rest.errors + rest.output, ContainsSubstring("resumed in epoch 1, after step 3"));
  for (const char* made : {"last.safetensors", "best.safetensors"}) {
    CHECK(read_bytes(run / made) == read_bytes(whole / made));
  }
}

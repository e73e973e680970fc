// Tests runs of several processes: they have the bits of one process that takes as many samples per step, and end
// together, whatever happens to one of them.
#include <algorithm>
#include <set>
#include <tuple>

#include "tests/support/catch.h"
#include "tests/support/mpi_runner.h"
#include "tests/support/places.h"
#include "tests/support/skip.h"
#include "tests/tools/resumed_runs.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr int kLimit = 240;  // seconds that a run may take, with sanitizers too

// The options cover all that a checkpoint has to carry.
const std::string kOptions =
    "--channels 4,8 --size 32,32,32 --patch 16,16,16 --val-fraction 0.25 --lr 0.01 "
    "--lr-drops 1,3 --seed 5 --previews 1 --epochs ";
const std::string kFour = kOptions + "4";
// These add all that changes a gradient.
const std::string kEverything =
    kFour + " --ema 0.9 --dropout 0.3 --clip-gradients 0.5 --cross-entropy 1 --augment strong --finest-level slabs";

ToolResult train_together(int processes, const std::string& arguments) {
  return run_limited(fmt::format("{}/revunet-train --processes {} {}", tools_dir(), processes, arguments), kLimit);
}

std::string start(const fs::path& data, const fs::path& run, const std::string& options) {
  return fmt::format("--data '{}' --out '{}' {}", data.string(), run.string(), options);
}

// Runs a line of bash once train.log has `lines` lines with a text.
ToolResult train_until(int processes, const std::string& arguments, const std::string& condition,
                       const std::string& then) {
  return run_limited(fmt::format("export REVUNET_TEST=$$; {}/revunet-train --processes {} {} & pid=$!; "
                                 "until {} || ! kill -0 $pid; do sleep 0.01; done 2>/dev/null; {}; wait $pid",
                                 tools_dir(), processes, arguments, condition, then),
                     kLimit);
}

// Returns the line that sends a signal to one process of the run.
std::string to_rank(int rank, const char* signal) {
  return fmt::format(
      "for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/environ 2>/dev/null | grep -qx OMPI_COMM_WORLD_RANK={} && "
      "grep -qa REVUNET_TEST=$$ $p/environ && kill -{} ${{p#/proc/}}; done",
      rank, signal);
}

}  // namespace

TEST_CASE("processes with a sample each train as one process with as many samples per step", "[train][distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 9);  // 7 to train on: steps of 2, 3 and 4 leave some over
  for (const int count : {2, 3, 4}) {
    for (const auto& [name, options] : {std::pair{"few", kFour}, {"all", kEverything}}) {
      INFO(count << " processes, " << options);
      const fs::path one = folder / fmt::format("{} one {}", name, count), several = one.string() + " several";
      REQUIRE(train(data, one, options + fmt::format(" --accumulate {}", count)).exit_code == 0);
      const ToolResult got = train_together(count, start(data, several, options));
      INFO(got.errors);
      REQUIRE(got.exit_code == 0);
      expect_same_run(several, one);
      CHECK_THAT(got.output, ContainsSubstring(fmt::format("{} processes: a step has {} samples", count, count)));
      // Each process plans what it has, what is sent included.
      CHECK_THAT(got.output, ContainsSubstring(fmt::format("one of {} processes): predicted peak", count)) &&
                                 ContainsSubstring("(equal, byte for byte)"));
      CHECK(read_csv(several / "processes.csv").size() == 1 + 4 * static_cast<size_t>(count));
      CHECK_THAT(read_bytes(several / "report.html"), ContainsSubstring("<h2>Processes</h2>"));
    }
  }
}

TEST_CASE("an optimiser step that is fused has the bits of a separate one in several processes too",
          "[train][distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), fused = folder / "fused", separate = folder / "separate";
  REQUIRE(train_together(2, start(data, fused, kFour + " --optimiser-step fused")).exit_code == 0);
  REQUIRE(train(data, separate, kFour + " --accumulate 2").exit_code == 0);
  expect_same_run(fused, separate);
}

TEST_CASE("a run goes on with other numbers of processes, and keeps its bits where steps keep their samples",
          "[train][resume][distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 9), whole = folder / "whole", run = folder / "run";
  REQUIRE(train(data, whole, kFour + " --accumulate 6").exit_code == 0);
  REQUIRE(train(data, run, kFour + " --accumulate 6 --max-steps 4").exit_code == 0);  // two epochs
  // A rank takes every third or second sample, and adds its own before they are sent: other sums, by their rounding.
  REQUIRE(train_together(3, go_on(run) + " --accumulate 2 --max-steps 6").exit_code == 0);
  REQUIRE(train_together(2, go_on(run) + " --accumulate 3 --max-steps 0").exit_code == 0);
  const auto log = read_csv(run / "log.csv"), expected = read_csv(whole / "log.csv");
  CHECK(column(log, "step") == column(expected, "step"));
  for (size_t epoch = 0; epoch < 4; ++epoch) {
    CHECK(std::stod(column(log, "loss")[epoch]) == Approx(std::stod(column(expected, "loss")[epoch])).epsilon(1e-5));
  }
  // With one sample a process, nothing is added before.
  const fs::path steps_of_two = folder / "steps of two", mixed = folder / "mixed";
  REQUIRE(train(data, steps_of_two, kFour + " --accumulate 2").exit_code == 0);
  REQUIRE(train(data, mixed, kFour + " --accumulate 2 --max-steps 4").exit_code == 0);
  REQUIRE(train_together(2, go_on(mixed) + " --accumulate 1 --max-steps 12").exit_code == 0);
  REQUIRE(train(data, mixed, "").exit_code == 2);
  REQUIRE(run_tool("revunet-train", go_on(mixed) + " --accumulate 2 --max-steps 0", patient_threads).exit_code == 0);
  expect_same_run(mixed, steps_of_two);
}

// Runs have far more epochs than they can make until something happens to them.
TEST_CASE("a signal to any process saves the run, and it goes on with the same bits", "[train][resume][distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 9), whole = folder / "whole", run = folder / "run";
  const std::string more = " --augment strong --ema 0.9";
  // The process itself gets the signal, or that which has started all of them, once or more often, as timeout sends it.
  const std::vector<std::string> signals = {to_rank(0, "TERM"), to_rank(1, "TERM"), "kill -INT $pid",
                                            "kill -HUP $pid; kill -HUP $pid; kill -TERM $pid"};
  for (size_t i = 0; i < signals.size(); ++i) {
    INFO(signals[i]);
    const std::string arguments = i == 0 ? start(data, run, kOptions + "5000" + more) : go_on(run);
    const ToolResult got =
        train_until(2, arguments, logged(run, "validation cases", static_cast<int>(i) + 1), signals[i]);
    INFO(got.output << got.errors);
    REQUIRE(got.exit_code == 4);
    CHECK_THAT(got.errors, ContainsSubstring("revunet-train: interrupted after step") &&
                               ContainsSubstring("saved: go on with --resume"));
  }
  const int64_t done = fs::exists(run / "log.csv") ? std::ssize(column(read_csv(run / "log.csv"), "epoch")) : 0;
  const std::string epochs = std::to_string(done + 1);
  REQUIRE(train_together(2, go_on(run) + " --epochs " + epochs).exit_code == 0);
  REQUIRE(train(data, whole, kOptions + epochs + more + " --accumulate 2").exit_code == 0);
  expect_same_run(run, whole);
}

TEST_CASE("a process that is killed ends the run, which goes on from its last epoch", "[train][resume][distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 9), whole = folder / "whole";
  int64_t most = 0;
  const std::vector<std::tuple<std::string, std::string, int>> moments = {
      {"start", "validation cases", 1}, {"first epoch", "epoch 1/", 0}, {"second epoch", "epoch 2/", 2}};
  std::vector<int64_t> done;
  for (const auto& [name, text, rank] : moments) {
    INFO("rank " << rank << ", " << name);
    const fs::path run = folder / name;
    const ToolResult got =
        train_until(3, start(data, run, kOptions + "5000"), logged(run, text, 1), to_rank(rank, "KILL"));
    INFO(got.output << got.errors);
    CHECK(got.exit_code != 0);
    CHECK(got.exit_code != kTimedOut);
    done.push_back(fs::exists(run / "log.csv") ? std::ssize(column(read_csv(run / "log.csv"), "epoch")) : 0);
    most = std::max(most, done.back());
  }
  // All go on to the epoch after the last that any has made, and validate in each, so that they can be compared.
  const std::string epochs = std::to_string(most + 1);
  REQUIRE(train(data, whole, kOptions + epochs + " --accumulate 3").exit_code == 0);
  for (const auto& [name, text, rank] : moments) {
    INFO(name);
    REQUIRE(train_together(3, go_on(folder / name) + " --epochs " + epochs).exit_code == 0);
    expect_same_run(folder / name, whole);
  }
}

TEST_CASE("a file that fails on one process ends all with its exit code, and its rank and host are named",
          "[train][resume][distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 9), whole = folder / "whole", run = folder / "run";
  const fs::path file = data / "Phantom_003" / "Phantom_003_flair.nii.gz", kept = folder / "kept.nii.gz";
  fs::copy(file, kept);
  const ToolResult got = train_until(2, start(data, run, kOptions + "5000"), logged(run, "epoch 1/", 1),
                                     fmt::format("truncate -s 4000 '{}'", file.string()));
  INFO(got.output << got.errors);
  CHECK(got.exit_code == 3);
  CHECK_THAT(got.errors, ContainsSubstring("revunet-train: error: rank ") && ContainsSubstring(" of 2 on ") &&
                             ContainsSubstring("Phantom_003_flair.nii.gz") && ContainsSubstring("go on with --resume"));
  CHECK_THAT(read_bytes(run / "train.log"), ContainsSubstring("Phantom_003_flair.nii.gz"));
  fs::copy(kept, file, fs::copy_options::overwrite_existing);
  const std::string epochs = std::to_string(column(read_csv(run / "log.csv"), "epoch").size() + 1);
  REQUIRE(train_together(2, go_on(run) + " --epochs " + epochs).exit_code == 0);
  REQUIRE(train(data, whole, kOptions + epochs + " --accumulate 2").exit_code == 0);
  expect_same_run(run, whole);
}

TEST_CASE("processes may be more than the cases, and the run's folder may have any name", "[train][distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3), one = folder / "one";
  const fs::path place = folder / "caf\xe9";  // Latin-1, which is not UTF-8
  fs::create_directory(place);
  const std::string options = kOptions + "2";  // two cases train, one validates
  REQUIRE(train(data, one, options + " --accumulate 4").exit_code == 0);
  const ToolResult got = run_limited(fmt::format("cd '{}' && {}/revunet-train --processes 4 {}", place.string(),
                                                 tools_dir(), start(data, "several", options)),
                                     kLimit);
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  expect_same_run(place / "several", one);
}

TEST_CASE("what lies outside the field of view is told by the first process for all", "[train][distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4);
  const std::string options = "--channels 4,8 --size 8,8,8 --val-fraction 0.25 --epochs 1 --accumulate ";
  const auto cut_cases = [&](const ToolResult& got) {
    REQUIRE(got.exit_code == 0);
    std::set<std::string> names;
    for (int c = 1; c <= 4; ++c) {
      const std::string name = fmt::format("Phantom_00{}", c);
      if (got.output.find("warning: case " + name) != std::string::npos) names.insert(name);
    }
    return names;
  };
  const std::set<std::string> expected = cut_cases(train(data, folder / "one", options + "2"));
  CHECK(expected.size() == 4);
  CHECK(cut_cases(train_together(2, start(data, folder / "two", options + "1"))) == expected);
}

TEST_CASE("what no run can do is said once, by all processes alike", "[train][distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  const auto refused = [&](const std::string& more, int code, const std::string& message) {
    const ToolResult got = run_limited(
        fmt::format("mpirun -n 3 {}/revunet-train {}", tools_dir(), start(data, folder / "run", more)), kLimit);
    INFO(got.errors);
    CHECK(got.exit_code == code);
    const size_t first = got.errors.find(message);
    REQUIRE(first != std::string::npos);
    CHECK(got.errors.find(message, first + 1) == std::string::npos);
    CHECK_FALSE(fs::exists(folder / "run"));
  };
  refused("--processes 2", 2, "[--processes] expected the 3 processes that the launcher has started, got 2");
  refused("--config none.toml", 3, "none.toml");
  refused("--channels 4,8 --size 32,32,33", 2, "expected sizes that are multiples of 2");
  refused("--channels 4,8 --size 32,32,32 --split none.json", 3, "none.json");
}

TEST_CASE("a trace of one of several processes is verified, what it sends included", "[train][trace][distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 8);
  for (const char* options : {"--accumulate 2", "--optimiser-step fused"}) {
    INFO(options);
    const fs::path trace = folder / "trace.jsonl";
    const std::string more = fmt::format(
        "--channels 4,8 --size 32,32,32 --val-fraction 0 --epochs 2 --memory-trace '{}' {}", trace.string(), options);
    const ToolResult got = train_together(2, start(data, folder / options, more));
    INFO(got.errors);
    REQUIRE(got.exit_code == 0);
    const ToolResult verified = run_tool("revunet-trace", fmt::format("verify '{}'", trace.string()));
    INFO(verified.output << verified.errors);
    CHECK(verified.exit_code == 0);
    fs::remove(trace);
  }
}

// The full-size network's largest parameter, of 240 x 240 x 27 values, is larger than a bucket, of 2^20. There are two
// buffers of its size: 2 x 1555200 x 4 bytes = 11.9 MiB.
TEST_CASE("a plan of several processes has what a step's gradients are packed into", "[train][distributed]") {
  const std::string command = "--plan --size 32,32,32 --device cpu";
  const ToolResult one = run_tool("revunet-train", command),
                   two = run_tool("revunet-train", command + " --processes 2");
  REQUIRE((one.exit_code == 0 && two.exit_code == 0));
  CHECK_THAT(two.output, ContainsSubstring("one of 2 processes") &&
                             Catch::Matchers::Matches("[^]*\\n  communication +11\\.9\\n[^]*"));
  CHECK_THAT(one.output, !ContainsSubstring("processes") && !ContainsSubstring("communication"));
}

TEST_CASE("processes share the cases of a prediction, and write what one would", "[predict][distributed]") {
  if (!has_mpi()) return skip("this build has no MPI");
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 5), weights = write_untrained(folder / "weights.safetensors");
  REQUIRE(predict(weights, data, folder / "one").exit_code == 0);
  const auto together = [&](int processes, const fs::path& out, const std::string& more = "") {
    return run_limited(fmt::format("{}/revunet-predict --processes {} --weights '{}' --data '{}' --out '{}' {}",
                                   tools_dir(), processes, weights.string(), data.string(), out.string(), more),
                       kLimit);
  };
  for (const int count : {2, 3, 7}) {  // cases are left over, or processes
    const fs::path out = folder / fmt::format("by {}", count);
    const ToolResult got = together(count, out);
    INFO(count << " processes: " << got.errors);
    REQUIRE(got.exit_code == 0);
    CHECK_THAT(got.output, ContainsSubstring("5/5 Phantom_005") && ContainsSubstring("done: 5 predictions in"));
    CHECK(got.output.find("1/5 Phantom_001") < got.output.find("2/5 Phantom_002"));
    for (int c = 1; c <= 5; ++c) {
      const std::string name = fmt::format("Phantom_00{}.nii.gz", c);
      CHECK((read_bytes(out / name) == read_bytes(folder / "one" / name)));
    }
  }
  // A bad case is reported by all, and ends a run unless it is skipped.
  fs::resize_file(data / "Phantom_002" / "Phantom_002_t1.nii.gz", 200);
  const ToolResult refused = together(2, folder / "refused");
  CHECK(refused.exit_code == 3);
  CHECK_THAT(refused.errors, ContainsSubstring("Phantom_002_t1.nii.gz"));
  const ToolResult skipped = together(2, folder / "skipped", "--skip-bad");
  CHECK(skipped.exit_code == 1);
  CHECK_THAT(skipped.errors, ContainsSubstring("1 of 5 cases cannot be predicted"));
  CHECK_THAT(skipped.output, ContainsSubstring("done: 4 predictions in"));
  CHECK(fs::exists(folder / "skipped" / "Phantom_005.nii.gz"));
}

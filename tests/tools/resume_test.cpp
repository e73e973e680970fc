// Tests runs that are ended by signals and go on later: they have the same bits as a run that was never ended.

#include "engine/process/host_name.h"
#include "tests/support/catch.h"
#include "tests/support/places.h"
#include "tests/tools/resumed_runs.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

// The options cover all that a checkpoint has to carry: patches, validation in every second epoch, a learning rate that
// drops.
const std::string kOptions =
    "--channels 4,8 --size 32,32,32 --patch 16,16,16 --epochs 4 --validate-every 2 --val-fraction 0.25 --lr 0.01 "
    "--lr-drops 1,3 --stop-patience 9 --stop-window 2 --seed 5 --previews 1";

// These add everything that a step can do: partial sums of gradients, averages, draws of every kind.
const std::string kEverything =
    kOptions + " --accumulate 4 --ema 0.9 --dropout 0.3 --clip-gradients 0.5 --cross-entropy 1 --augment strong";

// Samples take some tenths of a second, so that a signal at the start comes within the first epoch. Sanitizers make
// them many times as slow.
#if defined(__SANITIZE_ADDRESS__)
const std::string kSlow = "--channels 12,24 --size 32,32,32 --lr 0.01";
#else
const std::string kSlow = "--channels 12,24 --size 80,80,80 --lr 0.01";
#endif

// Starts revunet-train. Once `condition`, in shell syntax, holds and `delay` seconds have passed, sends it a signal.
ToolResult train_until(const std::string& condition, const std::string& delay, const char* signal,
                       const std::string& arguments) {
  const TemporaryFolder folder;
  const std::string output = (folder / "output").string(), errors = (folder / "errors").string();
  const std::string script = fmt::format(
      "CUDA_VISIBLE_DEVICES= {}{}/revunet-train {} >{} 2>{} & pid=$!; until {} || ! kill -0 $pid; do sleep 0.01; done "
      "2>/dev/null; sleep {}; kill -{} $pid 2>/dev/null; wait $pid",
      patient_threads, tools_dir(), arguments, output, errors, condition, delay, signal);
  const std::filesystem::path file = write_bytes(folder / "script.sh", script);
  const int status = std::system(fmt::format("bash '{}' 2>/dev/null", file.string()).c_str());
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), read_bytes(output), read_bytes(errors)};
}

std::string start(const fs::path& data, const fs::path& run, const std::string& options = kOptions) {
  return fmt::format("--data '{}' --out '{}' {}", data.string(), run.string(), options);
}

}  // namespace

TEST_CASE("a run that is interrupted and resumed, again and again, is the run that was not", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 8);
  for (const auto& [signal, options] : {std::pair{"HUP", kOptions}, {"INT", kOptions}, {"TERM", kEverything}}) {
    INFO(options);
    const fs::path run = folder / fmt::format("run {} {}", signal, options.size()), whole = run.string() + " whole";
    REQUIRE(train(data, whole, options).exit_code == 0);
    // Each time, at least a sample is made or a case validated, by one thread or two.
    ToolResult got{};
    int starts = 0;
    do {
      const std::string arguments = starts == 0 ? start(data, run, options) : go_on(run);
      ++starts;
      const std::string condition = logged(run, "validation cases", starts);
      got = train_until(condition, "0.05", signal, fmt::format("{} --threads {}", arguments, 1 + starts % 2));
      if (got.exit_code == 4) {
        CHECK_THAT(got.errors, ContainsSubstring("revunet-train: interrupted after step") &&
                                   ContainsSubstring("saved: go on with --resume"));
      }
    } while (got.exit_code == 4 && starts < 100);
    INFO(got.errors);
    REQUIRE(got.exit_code == 0);
    CHECK(starts > 1);
    expect_same_run(run, whole);
  }
}

TEST_CASE("a run that is killed at any moment goes on from its last epoch, with the same bits", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 8);
  REQUIRE(train(data, folder / "whole", kOptions).exit_code == 0);
  // The signal comes before the first epoch has ended, wherever that is: in making the network, in a step, in
  // validation, in saving.
  for (const char* delay : {"0", "0.01", "0.03", "0.1", "0.2"}) {
    INFO(delay << " s after the start");
    const fs::path run = folder / fmt::format("early {}", delay);
    const ToolResult early = train_until(logged(run, "validation cases", 1), delay, "KILL", start(data, run));
    CHECK((early.exit_code == 128 + 9 || early.exit_code == 0));
    REQUIRE(run_tool("revunet-train", go_on(run), patient_threads).exit_code == 0);
    expect_same_run(run, folder / "whole");
  }
  for (const char* delay : {"0", "0.002", "0.005", "0.01", "0.02", "0.05"}) {
    INFO(delay << " s after the end of an epoch");
    const fs::path run = folder / delay;
    constexpr int kKilled = 128 + 9;
    // The signal comes after the first epoch, then after the second, then not any more.
    CHECK(train_until(logged(run, "epoch 1/4", 1), delay, "KILL", start(data, run)).exit_code == kKilled);
    const ToolResult second = train_until(logged(run, "epoch 2/4", 1), delay, "KILL", go_on(run));
    CHECK((second.exit_code == kKilled || second.exit_code == 0));
    REQUIRE(run_tool("revunet-train", go_on(run), patient_threads).exit_code == 0);
    expect_same_run(run, folder / "whole");
  }
}

TEST_CASE("a second signal ends a run at once", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), run = folder / "run";
  // Steps take seconds, so the second signal comes within one.
  const std::string slow = fmt::format("--data '{}' --out '{}' --channels 48,96 --size 128,128,128 --val-fraction 0",
                                       data.string(), run.string());
  const ToolResult got =
      train_until(logged(run, "validation cases", 1), "0.1", "TERM $pid; sleep 0.6; kill -TERM", slow);
  CHECK(got.exit_code == 128 + 15);
  CHECK_THAT(got.errors, ContainsSubstring("a second signal ends the run at once"));
  CHECK_FALSE(fs::exists(run / "checkpoint.safetensors"));
  CHECK_FALSE(fs::exists(run / "last.safetensors"));
}

TEST_CASE("a second signal leaves the files of the last epoch whole", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), run = folder / "run";
  const std::string options = "--channels 48,96 --size 16,16,16 --val-fraction 0 --epochs 1 --no-tensorboard";
  REQUIRE(train(data, run, options).exit_code == 0);
  const std::string checkpoint = read_bytes(run / "checkpoint.safetensors"),
                    last = read_bytes(run / "last.safetensors");
  const ToolResult got = train_until(logged(run, "resumed in epoch 2", 1), "0.1", "TERM $pid; sleep 0.6; kill -TERM",
                                     go_on(run) + " --epochs 2 --size 128,128,128");
  CHECK(got.exit_code == 128 + 15);
  CHECK((read_bytes(run / "checkpoint.safetensors") == checkpoint));  // binary, so not printed
  CHECK((read_bytes(run / "last.safetensors") == last));
  CHECK(run_tool("revunet-train", go_on(run) + " --size 16,16,16", patient_threads).exit_code == 0);
}

TEST_CASE("two signals at once, as timeout sends them, are one", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), run = folder / "run";
  const ToolResult got = train_until(logged(run, "validation cases", 1), "0", "TERM $pid; kill -INT $pid; kill -TERM",
                                     start(data, run, kSlow + " --val-fraction 0 --epochs 2"));
  CHECK(got.exit_code == 4);
  CHECK(fs::exists(run / "checkpoint.safetensors"));
}

TEST_CASE("a run that was killed before its first checkpoint starts from its beginning", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), whole = folder / "whole", run = folder / "run";
  const fs::path init = write_untrained(folder / "init.safetensors");
  REQUIRE(train(data, whole, kOptions + fmt::format(" --init '{}'", init.string())).exit_code == 0);
  fs::create_directories(run);  // holds what is there from the start on
  for (const char* file : {"config.toml", "split.json", "train.log"}) fs::copy(whole / file, run / file);
  const ToolResult got = run_tool("revunet-train", go_on(run), patient_threads);
  INFO(got.errors);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("no checkpoint was written yet: the run starts from its beginning"));
  expect_same_run(run, whole);
}

TEST_CASE("a run can be started again in a folder that one was killed in before its config.toml", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), run = folder / "run";
  fs::create_directories(run);
  // This file belongs to an impossible process: process ids have at most seven digits.
  const std::string unfinished = fmt::format(".config.toml.tmp-{}-99999999-0", host_name());
  for (const std::string& name :
       {unfinished, std::string("run.lock"), std::string("split.json"), std::string("train.log")})
    write_bytes(run / name, "x");
  const std::string options = "--channels 4,8 --size 16,16,16 --epochs 1 --val-fraction 0";
  REQUIRE(train(data, run, options).exit_code == 0);
  CHECK_FALSE(fs::exists(run / unfinished));
  const ToolResult again = train(data, run, options);
  CHECK(again.exit_code == 2);
  CHECK_THAT(
      again.errors,
      ContainsSubstring("which is not empty; choose another, or go on with the run in it: --resume " + run.string()));
}

TEST_CASE("what would change the epoch in progress is refused, and the run is as it was", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 8), run = folder / "run";
  const std::string options = kSlow + " --epochs 2 --val-fraction 0 --accumulate 4";
  REQUIRE(train_until(logged(run, "validation cases", 1), "0", "TERM", start(data, run, options)).exit_code == 4);
  const std::string config = read_bytes(run / "config.toml");
  for (const auto& [change, message] :
       {std::pair<std::string, std::string>{
            "--accumulate 2",
            "expected steps of 4 samples (--accumulate times the processes) and --seed 0 until epoch "
            "1 ends, got 2 and 0"},
        {"--seed 3", "--seed 0 until epoch 1 ends, got 4 and 3"},
        {"--ema 0.5", "expected a tensor named 'average."},
        {"--split other.json", "[--split] expected a new run"},
        {"--config '" + (run / "config.toml").string() + "'", "[--config] expected a new run"},
        {"--val-fraction 0.5", "[--val-fraction] expected a new run"}}) {
    INFO(change);
    const ToolResult refused = run_tool("revunet-train", go_on(run) + " " + change, patient_threads);
    CHECK((refused.exit_code == 2 || refused.exit_code == 3));
    CHECK_THAT(refused.errors, ContainsSubstring(message));
    CHECK(read_bytes(run / "config.toml") == config);
  }
  // At an epoch's end it may change.
  REQUIRE(run_tool("revunet-train", go_on(run) + " --max-steps 2", patient_threads).exit_code == 0);
  const ToolResult changed = run_tool("revunet-train", go_on(run) + " --max-steps 0 --accumulate 8", patient_threads);
  INFO(changed.errors);
  REQUIRE(changed.exit_code == 0);
  CHECK(column(read_csv(run / "log.csv"), "step") == std::vector<std::string>{"2", "3"});
}

TEST_CASE("an epoch that --max-steps cut short is counted as a whole one once there are more steps",
          "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 8), run = folder / "run", whole = folder / "whole";
  const std::string options = kSlow + " --epochs 1 --val-fraction 0.25";
  REQUIRE(train(data, whole, options).exit_code == 0);
  const std::string few = start(data, run, options + " --max-steps 4");
  REQUIRE(train_until(logged(run, "validation cases", 1), "0", "TERM", few).exit_code == 4);
  REQUIRE(run_tool("revunet-train", go_on(run) + " --max-steps 0", patient_threads).exit_code == 0);
  expect_same_run(run, whole);
}

// Gradients agree in both modes but for rounding, which the log's six decimals hardly show.
TEST_CASE("a run goes on with its finest level in slabs, and learns what it would have learnt", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), whole = folder / "whole", part = folder / "part";
  const std::string options = std::string(tiny_options) + " --lr 0.01 --seed 5";
  REQUIRE(train(data, whole, options + " --epochs 2").exit_code == 0);
  REQUIRE(train(data, part, options + " --epochs 1").exit_code == 0);
  const ToolResult resumed = run_tool("revunet-train", go_on(part) + " --epochs 2 --finest-level slabs");
  REQUIRE(resumed.exit_code == 0);
  CHECK_THAT(resumed.output, ContainsSubstring("reversible skips, in slabs): predicted peak") &&
                                 ContainsSubstring("(equal, byte for byte)"));
  const std::vector<std::string> expected = column(read_csv(whole / "log.csv"), "loss"),
                                 got = column(read_csv(part / "log.csv"), "loss");
  REQUIRE((got.size() == 2 && expected.size() == 2));
  CHECK(std::stod(got[1]) == Approx(std::stod(expected[1])).epsilon(1e-5));
}

TEST_CASE("early stopping knows after a resume what it knew before, and says when there is nothing left to do",
          "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), run = folder / "run";
  // The weights do not move, so the Dice of epoch 1 is never exceeded.
  const std::string options =
      "--channels 4,8 --size 32,32,32 --epochs 9 --val-fraction 0.25 --lr 1e-30 --stop-window 1 --stop-patience 2";
  REQUIRE(train(data, run, options + " --max-steps 6").exit_code == 0);  // two epochs of three
  REQUIRE(run_tool("revunet-train", go_on(run) + " --max-steps 0", patient_threads).exit_code == 0);
  CHECK(column(read_csv(run / "log.csv"), "epoch") == std::vector<std::string>{"1", "2", "3"});
  const ToolResult ended = run_tool("revunet-train", go_on(run), patient_threads);
  CHECK(ended.exit_code == 0);
  CHECK_THAT(ended.output,
             ContainsSubstring("nothing left to do: the mean validation Dice of 1 epochs had not risen for 2"));
  REQUIRE(run_tool("revunet-train", go_on(run) + " --stop-patience 4", patient_threads).exit_code == 0);
  CHECK(column(read_csv(run / "log.csv"), "epoch") == std::vector<std::string>{"1", "2", "3", "4", "5"});
}

TEST_CASE("a run that goes on between two validations stops where it would have stopped", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), run = folder / "run";
  // The weights do not move, so epoch 4 scores best, and epoch 8, the next one with a score, has not risen.
  const std::string options =
      "--channels 4,8 --size 32,32,32 --epochs 12 --validate-every 4 --val-fraction 0.25 --lr 1e-30 --stop-window 1 "
      "--stop-patience 1";
  REQUIRE(train_until(logged(run, "epoch 5/12", 1), "0", "TERM", start(data, run, options)).exit_code == 4);
  REQUIRE(run_tool("revunet-train", go_on(run), patient_threads).exit_code == 0);
  CHECK(column(read_csv(run / "log.csv"), "epoch").back() == "8");
}

TEST_CASE("after a damaged checkpoint the whole one before it is kept until there is another", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), run = folder / "run";
  const std::string options = "--channels 4,8 --size 16,16,16 --val-fraction 0 --lr 0.01";
  REQUIRE(train(data, run, options + " --epochs 2").exit_code == 0);
  const std::string before = read_bytes(run / "checkpoint.previous.safetensors");
  write_bytes(run / "checkpoint.safetensors", "damaged");
  REQUIRE(run_tool("revunet-train", go_on(run) + " --epochs 2", patient_threads).exit_code == 0);
  CHECK(read_bytes(run / "checkpoint.previous.safetensors") == before);
  CHECK(read_bytes(run / "checkpoint.damaged.safetensors") == "damaged");
}

TEST_CASE("a damaged checkpoint is known as one, and the one before it serves", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 4), run = folder / "run";
  const std::string options = "--channels 4,8 --size 16,16,16 --val-fraction 0.25 --lr 0.01";
  REQUIRE(train(data, folder / "whole", options + " --epochs 3").exit_code == 0);
  REQUIRE(train(data, run, options + " --epochs 2").exit_code == 0);
  std::string bytes = read_bytes(run / "checkpoint.safetensors");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_bytes(run / "checkpoint.safetensors", bytes);
  const ToolResult got = run_tool("revunet-train", go_on(run) + " --epochs 3", patient_threads);
  REQUIRE(got.exit_code == 0);
  CHECK_THAT(got.output, ContainsSubstring("the file is damaged; going on from the checkpoint before it, of step 3"));
  expect_same_run(run, folder / "whole");

  for (const char* file : {"checkpoint.safetensors", "checkpoint.previous.safetensors"}) write_bytes(run / file, "x");
  const ToolResult refused = run_tool("revunet-train", go_on(run));
  CHECK(refused.exit_code == 3);
  CHECK_THAT(refused.errors,
             ContainsSubstring("and the one before: ") && ContainsSubstring("there is nothing to resume"));
  for (const std::string& arguments : {go_on(folder / "none"), "--resume=" + (folder / "none").string()}) {
    const ToolResult nothing = run_tool("revunet-train", arguments);
    CHECK(nothing.exit_code == 2);
    CHECK_THAT(nothing.errors, ContainsSubstring("config.toml"));
  }
}

TEST_CASE("a run that --max-steps ended within an epoch goes on with more of them, and ends", "[train][resume]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3), run = folder / "run";
  const std::string options = "--channels 4,8 --size 16,16,16 --val-fraction 0 --epochs 5";
  REQUIRE(train(data, run, options + " --max-steps 4").exit_code == 0);  // of 3 steps an epoch
  REQUIRE(run_tool("revunet-train", go_on(run) + " --max-steps 9", patient_threads).exit_code == 0);
  CHECK(column(read_csv(run / "log.csv"), "step") == std::vector<std::string>{"3", "4", "7", "9"});
  REQUIRE(run_tool("revunet-train", go_on(run) + " --max-steps 0", patient_threads).exit_code == 0);
  CHECK(column(read_csv(run / "log.csv"), "epoch") == std::vector<std::string>{"1", "2", "3", "4", "5"});
  CHECK(column(read_csv(run / "log.csv"), "step").back() == "12");
}

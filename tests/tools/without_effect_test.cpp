// Options without effect: each is refused where it is typed, by its own rule, and taken where a file holds it.

#include "tools/train/without_effect.h"
#include "engine/error.h"
#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Rule {
  std::string option;
  std::string value;   // of a configuration file
  std::string needed;  // part of the message
  std::string beside;  // without effect where the file has this too
  void (*mend)(TrainArguments&);
};

const std::vector<Rule> kRules = {
    {"--fold", "1", "--folds", "", [](TrainArguments& a) { a.folds = 5; }},
    {"--rotation", "10", "--augment paper", "", [](TrainArguments& a) { a.augment = "paper"; }},
    {"--scaling", "\"0.8,1.2\"", "--augment paper", "", [](TrainArguments& a) { a.augment = "strong"; }},
    {"--deformation", "5", "--augment paper", "", [](TrainArguments& a) { a.augment = "paper"; }},
    {"--flip", "0.25", "--augment paper", "", [](TrainArguments& a) { a.augment = "paper"; }},
    {"--intensity-shift", "0.2", "--augment paper", "", [](TrainArguments& a) { a.augment = "paper"; }},
    {"--foreground", "0.25", "--patch", "", [](TrainArguments& a) { a.patch = "16,16,16"; }},
    {"--stop-window", "5", "--stop-patience", "", [](TrainArguments& a) { a.stop_patience = 3; }},
    {"--lr-divisor", "2", "--lr-drops", "lr-drops = \"none\"\n",
     [](TrainArguments& a) { a.learning_rate_drops = "3"; }},
    {"--memory-trace-steps", "2", "--memory-trace", "", [](TrainArguments& a) { a.memory_trace = "trace"; }},
    {"--val-fraction", "0.3", "neither --folds nor --split", "folds = 5\n", [](TrainArguments& a) { a.folds = 0; }},
    {"--val-fraction", "0.3", "neither --folds nor --split", "split = \"split.json\"\n",
     [](TrainArguments& a) { a.split.clear(); }}};

// What a file with `beside` makes of the arguments.
TrainArguments idle_for(const Rule& rule) {
  TrainArguments a;
  if (rule.beside.starts_with("lr-drops")) a.learning_rate_drops = "none";
  if (rule.beside.starts_with("folds")) a.folds = 5;
  if (rule.beside.starts_with("split")) a.split = "split.json";
  return a;
}

}  // namespace

TEST_CASE("the options of a command line are its words that begin with two dashes, without their values", "[train]") {
  CHECK(typed_options({"revunet-train", "--lr", "0.1", "--out=run", "-h", "--plan", "--lr", "--x=--y=1", "data"}) ==
        std::set<std::string>{"--lr", "--out", "--plan", "--x"});
  CHECK(typed_options({}).empty());
}

TEST_CASE("a typed option without effect is refused with what it needs", "[train]") {
  for (const Rule& rule : kRules) {
    INFO(rule.option << " next to " << rule.beside);
    TrainArguments a = idle_for(rule);
    CHECK_THAT(message_of<UsageError>([&] {
                 expect_effect(a, {rule.option, "--lr"});
               }),
               ContainsSubstring("[" + rule.option + "] expected " + rule.needed) &&
                   ContainsSubstring(" has no effect: change that or leave "));
    CHECK_NOTHROW(expect_effect(a, {"--lr"}));
    rule.mend(a);
    CHECK_NOTHROW(expect_effect(a, {rule.option, "--lr"}));
  }
}

TEST_CASE("with --resume, what the run has decided on is refused, and nothing else", "[train]") {
  TrainArguments a;
  a.folds = 5;
  TrainArguments resumed = a;
  resumed.resume = "run";
  for (const char* option :
       {"--config", "--protocol", "--out", "--init", "--split", "--folds", "--fold", "--check", "--labels"}) {
    INFO(option);
    CHECK_NOTHROW(expect_effect(a, {option}));
    CHECK_THAT(message_of<UsageError>([&] {
                 expect_effect(resumed, {"--resume", option});
               }),
               ContainsSubstring(fmt::format("[{}] expected a new run, got --resume run", option)));
  }
  resumed.folds = 0;
  CHECK_THAT(message_of<UsageError>([&] {
               expect_effect(resumed, {"--resume", "--val-fraction"});
             }),
             ContainsSubstring("[--val-fraction] expected a new run, got --resume run"));
  CHECK_NOTHROW(expect_effect(resumed, {"--resume", "--epochs", "--lr", "--max-steps", "--threads", "--data"}));
}

TEST_CASE("a configuration file may hold options without effect, a command line may not", "[train]") {
  const TemporaryFolder folder;
  // Options are judged before the data: without any, what is taken ends with 3.
  const std::string start =
      fmt::format("{} --data '{}' --out '{}' --config '{}' ", tiny_options, (folder / "absent").string(),
                  (folder / "run").string(), (folder / "c.toml").string());
  for (const Rule& rule : kRules) {
    INFO(rule.option << " next to " << rule.beside);
    const std::string line = rule.option.substr(2) + " = " + rule.value + "\n";
    write_bytes(folder / "c.toml", rule.beside + line);
    CHECK(run_tool("revunet-train", start).exit_code == 3);
    write_bytes(folder / "c.toml", rule.beside);
    const ToolResult typed = run_tool("revunet-train", start + rule.option + " " + rule.value);
    CHECK(typed.exit_code == 2);
    CHECK_THAT(typed.errors, ContainsSubstring("[" + rule.option + "] expected " + rule.needed));
  }
}

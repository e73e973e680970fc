// Tests options without effect. Each is refused where it is typed, by its own rule, and accepted where a file holds it.

#include "engine/error.h"
#include "tests/support/catch.h"
#include "tests/tools/parsed_run.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Rule {
  std::string option, value;
  std::string needed;             // part of the message
  std::vector<std::string> idle;  // words with which the option has no effect, in addition to the defaults
  std::vector<std::string> mend;  // words with which it has an effect
};

const std::vector<Rule> kRules = {
    {"fold", "1", "--folds", {}, {"--folds", "5"}},
    {"rotation", "10", "--augment paper or strong", {}, {"--augment", "paper"}},
    {"scaling", "0.8,1.2", "--augment paper or strong", {}, {"--augment", "strong"}},
    {"deformation", "5", "--augment paper or strong", {}, {"--augment", "paper"}},
    {"flip", "0.25", "--augment paper or strong", {}, {"--augment", "paper"}},
    {"flip-axes", "x", "--augment paper or strong", {}, {"--augment", "paper"}},
    {"flip-axes", "x", "--flip above 0", {"--augment", "paper", "--flip", "0"}, {"--augment", "paper"}},
    {"rotation-plane", "xz", "--augment paper or strong", {}, {"--augment", "strong"}},
    {"intensity-shift", "0.2", "--augment paper or strong", {}, {"--augment", "paper"}},
    {"foreground", "0.25", "--patch", {}, {"--patch", "16,16,16"}},
    {"foreground-by", "region", "--patch", {}, {"--patch", "16,16,16"}},
    {"foreground-by",
     "region",
     "--foreground above 0",
     {"--patch", "16,16,16", "--foreground", "0"},
     {"--patch", "16,16,16"}},
    {"field", "case", "--patch", {}, {"--patch", "16,16,16"}},
    {"validate-by", "patches", "--patch", {}, {"--patch", "16,16,16"}},
    {"stop-window", "5", "--stop-patience", {}, {"--stop-patience", "3"}},
    {"lr-divisor", "2", "--lr-drops", {"--lr-drops", "none"}, {"--lr-drops", "3"}},
    {"memory-trace-steps", "2", "--memory-trace", {}, {"--memory-trace", "trace"}},
    {"val-fraction", "0.3", "neither --folds nor --split", {"--folds", "5"}, {}},
    {"val-fraction", "0.3", "neither --folds nor --split", {"--split", "split.json"}, {}},
    {"conv-workspace", "1MiB", "--device cuda", {}, {"--device", "cuda"}},
    {"conv-algorithms", "plans", "--device cuda", {}, {"--device", "cuda"}},
    {"strict-fp32", "", "--device cuda", {}, {"--device", "cuda"}},
    {"no-deterministic", "", "--device cuda", {}, {"--device", "cuda"}}};

std::vector<std::string> joined(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> typed(const Rule& rule) {
  return rule.value.empty() ? std::vector{"--" + rule.option} : std::vector{"--" + rule.option, rule.value};
}

const std::vector<std::string> kPlan = {"--plan", "--size", "32,32,32", "--channels", "4,8"};

// Returns the refusal of these words on the command line, next to the device cpu unless they name another, or "".
std::string refusal_of_words(std::vector<std::string> words) {
  if (std::ranges::find(words, "--device") == words.end()) words = joined(words, {"--device", "cpu"});
  try {
    ParsedRun(joined(kPlan, words)).resolved();
    return "";
  } catch (const UsageError& e) {
    return e.what();
  }
}

// Returns the option as a file holds it.
std::string line_of(const Rule& rule) {
  if (rule.value.empty()) return rule.option + " = true\n";
  const bool number = rule.value.find_first_not_of("0123456789.") == rule.value.npos;
  return number ? fmt::format("{} = {}\n", rule.option, rule.value)
                : fmt::format("{} = \"{}\"\n", rule.option, rule.value);
}

}  // namespace

TEST_CASE("a typed option without effect is refused with what it needs", "[train]") {
  for (const Rule& rule : kRules) {
    INFO(rule.option << " next to " << fmt::format("{}", fmt::join(rule.idle, " ")));
    const std::string name = rule.option.starts_with("no-") ? rule.option.substr(3) : rule.option;
    CHECK_THAT(refusal_of_words(joined(typed(rule), rule.idle)),
               ContainsSubstring(fmt::format("[--{}] expected {}", name, rule.needed)) &&
                   ContainsSubstring(" has no effect: change that or leave "));
    CHECK(refusal_of_words(joined(typed(rule), rule.mend)) == "");
  }
}

TEST_CASE("a configuration file may hold options without effect, a command line may not", "[train]") {
  const TemporaryFolder folder;
  for (const Rule& rule : kRules) {
    INFO(rule.option << " next to " << fmt::format("{}", fmt::join(rule.idle, " ")));
    const std::string file = write_bytes(folder / "c.toml", line_of(rule)).string();
    CHECK(refusal_of_words(joined({"--config", file}, rule.idle)) == "");
  }
  // The program uses the same table.
  const ToolResult got = run_tool("revunet-train", "--plan --rotation 10");
  CHECK(got.exit_code == 2);
  CHECK_THAT(got.errors, ContainsSubstring("[--rotation] expected --augment paper or strong"));
}

TEST_CASE("with --resume, what the run has decided on is refused, and nothing else", "[train]") {
  const TemporaryFolder folder;
  write_bytes(folder / "config.toml", "data = \"d\"\nfolds = 5\n");
  const auto resumed = [&](const std::vector<std::string>& words) {
    return refusal_of_words(joined({"--resume", folder.path().string()}, words));
  };
  const std::string other = write_bytes(folder / "other.toml", "lr = 0.5\n").string();
  for (const auto& [option, value] : std::map<std::string, std::string>{{"config", other},
                                                                        {"protocol", "paper"},
                                                                        {"out", "o"},
                                                                        {"init", "w"},
                                                                        {"split", "s"},
                                                                        {"folds", "5"},
                                                                        {"fold", "2"},
                                                                        {"check", "none"},
                                                                        {"labels", "msd"},
                                                                        {"background", "1"},
                                                                        {"patients", "(.)"}}) {
    INFO(option);
    CHECK_THAT(resumed({"--" + option, value}),
               ContainsSubstring(fmt::format("[--{}] expected a new run, got --resume ", option)));
  }
  write_bytes(folder / "config.toml", "data = \"d\"\n");
  CHECK_THAT(resumed({"--val-fraction", "0.3"}),
             ContainsSubstring("[--val-fraction] expected a new run, got --resume "));
  CHECK(resumed({"--epochs", "3", "--lr", "0.5", "--max-steps", "9", "--threads", "1", "--data", "e"}) == "");
}

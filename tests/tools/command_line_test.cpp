// Tests what a newcomer sees at the terminal: --help at any width, and messages about names and values that do not
// exist.

#include <cstdlib>
#include <regex>
#include <sstream>

#include <CLI/CLI.hpp>

#include "tests/support/catch.h"
#include "tests/tools/tiny_runs.h"
#include "tools/common/option_spelling.h"
#include "tools/common/parse_error.h"
#include "tools/train/train_settings.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

const std::vector<std::string> programs = {"check",   "compare", "evaluate", "phantom",
                                           "predict", "report",  "trace",    "train"};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string help_at(const std::string& program, int columns) {
  const ToolResult help = run_tool("revunet-" + program, "--help", fmt::format("COLUMNS={} ", columns));
  REQUIRE(help.exit_code == 0);
  return help.output;
}

// Returns revunet-train's message about a command line that it refuses.
std::string refusal_of_train(const std::string& line) {
  CLI::App app("", "revunet-train");
  TrainSettings settings;
  OptionTable options = train_options(settings);
  options.declare(app);
  try {
    app.parse(line);
  } catch (const CLI::ParseError& e) {
    return explain(app, e);
  } catch (const UsageError& e) {
    return e.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("what --help prints fits the terminal, and has the same words at any width", "[help]") {
  for (const std::string& program : programs) {
    INFO(program);
    const auto words = [](const std::string& text) {  // without spaces and the \ of a command in several lines
      return std::regex_replace(text, std::regex("\\\\\n|\\s"), "");
    };
    const std::string unwrapped = help_at(program, 100000);
    for (const int columns : {50, 60, 80, 130}) {
      const std::string help = help_at(program, columns);
      for (const std::string& line : lines_of(help)) {
        INFO(line);
        CHECK(line.size() <= static_cast<size_t>(columns));
        CHECK_FALSE(line.ends_with(' '));
      }
      CHECK(words(help) == words(unwrapped));
    }
    CHECK(run_tool("revunet-" + program, "--help").output == help_at(program, 80));  // into a file
  }
}

TEST_CASE("what --help prints begins with three examples, and every option in them exists", "[help]") {
  for (const std::string& program : programs) {
    INFO(program);
    const std::string help = help_at(program, 100000);
    const size_t examples = help.find("\nExamples:\n"), usage = help.find("\nUsage: ");
    REQUIRE((examples != help.npos && usage != help.npos && examples < usage));
    int count = 0;
    for (const std::string& line : lines_of(help.substr(examples + 11, usage - examples - 11))) {
      if (!line.starts_with("  ") || line.starts_with("   ")) continue;  // skips what the option does
      INFO(line);
      ++count;
      CHECK_THAT(line, ContainsSubstring("revunet-" + program));
      std::istringstream words(line);
      for (std::string word; words >> word;) {
        if (word.starts_with("--")) CHECK_THAT(help.substr(usage), ContainsSubstring("  " + word));
      }
    }
    CHECK(count == 3);
  }
}

TEST_CASE("revunet-train --help has the options used most before the others, each once", "[help]") {
  const std::string help = help_at("train", 100);
  const auto place = [&](const std::string& text) {
    const size_t found = help.find(text);
    INFO(text);
    REQUIRE(found != help.npos);
    CHECK(help.find(text, found + 1) == help.npos);
    return found;
  };
  const size_t most_used = place("\nMost used:\n"), data = place("\nData:\n"), others = place("\nOthers:\n");
  for (const char* option : {"\n  --data", "\n  --out", "\n  --resume", "\n  --epochs", "\n  --lr "}) {
    CHECK((place(option) > most_used && place(option) < data));
  }
  CHECK((place("\n  --val-fraction") > data && place("\n  --seed") > others && place("\n  -h,--help") > others));
}

TEST_CASE("an option that does not exist is answered with the one that is meant", "[help]") {
  const std::vector<std::pair<std::string, std::string>> answers = {
      {"--learning-rate 0.1", "there is no option --learning-rate; did you mean --lr?"},
      {"--learning_rate=0.1", "there is no option --learning_rate; did you mean --lr?"},
      {"--batch-size 2", "there is no option --batch-size; did you mean --accumulate?"},
      {"--gpu 0", "there is no option --gpu; did you mean --device?"},
      {"--output x", "there is no option --output; did you mean --out?"},
      {"--dataset x", "there is no option --dataset; did you mean --data?"},
      {"--lr-decay 0.1", "there is no option --lr-decay; did you mean --lr-drops or --lr-schedule?"},
      {"--scheduler poly", "there is no option --scheduler; did you mean --lr-schedule?"},
      {"--epoch 3", "there is no option --epoch; did you mean --epochs?"},
      {"--optimizer-step separate", "there is no option --optimizer-step; did you mean --optimiser-step?"},
      {"--fp16", "there is no option --fp16; did you mean --precision mixed?"},
      {"--num-workers 4", "there is no option --num-workers; did you mean --loader-threads or --threads?"},
      {"--checkpoint x", "there is no option --checkpoint; did you mean --resume?"},
      {"--chanels 4,8", "there is no option --chanels; did you mean --channels?"},              // a typing error
      {"--epcohs 3", "there is no option --epcohs; did you mean --epochs?"},                    // two swapped
      {"-data x", "there is no option -data; did you mean --data?"},                            // one dash
      {"--trace-memory x", "there is no option --trace-memory; did you mean --memory-trace?"},  // other order
      {"--qwxyz 3", "there is no option --qwxyz"},
  };
  for (const auto& [line, answer] : answers) CHECK(refusal_of_train(line) == answer);
  CHECK(refusal_of_train("--epoch 3 --gpu 1") ==
        "there is no option --epoch; did you mean --epochs?\nthere is no option --gpu; did you mean --device?");
}

TEST_CASE("a value that does not fit is answered with what would", "[help]") {
  CHECK(refusal_of_train("--model unet") ==
        "[--model] expected reversible or baseline, got unet; did you mean baseline?");
  CHECK(refusal_of_train("--precision fp16") ==
        "[--precision] expected fp32, mixed or bf16, got fp16; did you mean mixed or bf16?");
  CHECK(refusal_of_train("--augment papr") ==
        "[--augment] expected none, paper or strong, got papr; did you mean paper?");
  CHECK(refusal_of_train("--skips xyzzy") == "[--skips] expected auto, stored or reversible, got xyzzy");
  CHECK(refusal_of_train("--epochs ten") == "[--epochs] expected a whole number from 1 to 1000000, got ten");
  CHECK(refusal_of_train("--lr 1e-4x") == "[--lr] expected a number above 0 and below 1, got 1e-4x");
  CHECK(refusal_of_train("--lr 0.1 --lr 0.2") == "[--lr] expected one value, got 0.1 and 0.2; leave one out");
  CHECK_THAT(refusal_of_train("--size 160 192 160"),
             ContainsSubstring("got 192 160; a list is written with commas, such as 64,64,48"));
}

TEST_CASE("each program answers with options of its own, exit code 2", "[help]") {
  const auto answer = [](const std::string& program, const std::string& arguments, const std::string& expected) {
    const ToolResult got = run_tool("revunet-" + program, arguments);
    INFO(got.errors);
    CHECK(got.exit_code == 2);
    CHECK_THAT(got.errors, StartsWith("revunet-" + program + ": error: ") && ContainsSubstring(expected) &&
                               ContainsSubstring("run revunet-" + program + " --help for the options"));
  };
  answer("predict", "--model-path w", "there is no option --model-path; did you mean --weights?");
  answer("predict", "--input d --output p --weights w",
         "did you mean --data?\nthere is no option --output; did you mean --out?");
  answer("predict", "--tta", "did you mean --mirror x,y,z?");
  answer("evaluate", "--ground-truth a --pred b", "did you mean --reference?");
  answer("evaluate", "--reference a --prediction b --output c", "did you mean --json or --csv?");
  answer("check", "--dataset a", "did you mean --data?");
  answer("phantom", "--output a", "did you mean --out?");
  answer("report", "run --output a", "did you mean --out?");
  answer("trace", "", "expected a command: summary, peak, verify, plot or convert");
  answer("trace", "sumary t", "there is no command sumary; did you mean summary?");
  answer("trace", "plot t --output p", "there is no option --output; did you mean --out?");
}

TEST_CASE("every tool has --help with its defaults, and --version", "[tools]") {
  struct Tool {
    std::string name;
    std::vector<std::string> help;
  };
  for (const Tool& tool :
       {Tool{"revunet-train", {"--channels", "60,120,240,360,480", "160,192,160", "=full", "=100", "=0.0001", "=0.2"}},
        Tool{"revunet-predict", {"--weights", "--probabilities", "160,192,160", "--threads INT=0"}},
        Tool{"revunet-evaluate", {"--reference", "--prediction", "--json", "--csv"}},
        Tool{"revunet-trace", {"summary", "peak", "verify", "plot", "convert"}},
        Tool{"revunet-phantom", {"--cases INT", "=1", "=240,240,155", "--seed INT"}}}) {
    INFO(tool.name);
    const ToolResult help = run_tool(tool.name, "--help"), version = run_tool(tool.name, "--version");
    CHECK(help.exit_code == 0);
    CHECK(help.errors.empty());
    for (const std::string& text : tool.help) CHECK_THAT(help.output, ContainsSubstring(text));
    CHECK(version.exit_code == 0);
    CHECK_THAT(version.output, Catch::Matchers::Matches(tool.name + " [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  }
}

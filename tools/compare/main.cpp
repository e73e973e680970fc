// revunet-compare compares two evaluations of the same cases: differences, their intervals, and Wilcoxon's test.
#include <filesystem>

#include "engine/error.h"
#include "io/files/atomic_file.h"
#include "io/files/folders.h"
#include "io/scores/comparison.h"
#include "tools/common/option_table.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"

using namespace revunet;
using namespace revunet::tools;

namespace {

constexpr int64_t kMostResamples = 10'000'000;

struct Settings {
  std::filesystem::path first, second, json;
  io::BootstrapRules rules;
};

std::vector<OptionGroup> options_of(Settings& s) {
  return {{"Files",
           {{.name = "FIRST",
             .value = path(s.first),
             .help = "scores, as revunet-evaluate --json writes them",
             .required = true,
             .positional = true},
            {.name = "SECOND",
             .value = path(s.second),
             .help = "scores of the same cases, with other predictions",
             .required = true,
             .positional = true},
            {.name = "json", .value = path(s.json), .help = "write all numbers to this JSON file"}}},
          {"Options",
           {{.name = "resamples",
             .value = whole_number(s.rules.resamples, 100, kMostResamples),
             .help = "resamples of the cases for the bootstrap interval"},
            {.name = "confidence",
             .value = number(s.rules.confidence, {.least = 0, .most = 100, .above = true, .below = true}),
             .help = "per cent of the resamples that lie in the interval"},
            {.name = "seed", .value = seed_number(s.rules.seed), .help = "seed of the resamples"}}}};
}

void run(const Settings& s) {
  io::expect_output_folder(s.json);
  for (const std::filesystem::path& input : {s.first, s.second}) {
    std::error_code error;  // set where one of them does not exist, which are then not the same
    REVUNET_EXPECTS(!std::filesystem::equivalent(s.json, input, error), UsageError,
                    "[--json] expected another file than the scores that are compared, got {}; name a new one",
                    s.json.string());
  }
  const io::ScoreFile first = io::read_score_file(s.first), second = io::read_score_file(s.second);
  const std::vector<io::MetricComparison> rows = io::compare_score_files(first, second, s.rules);
  if (!s.json.empty()) io::write_file_atomically(s.json, io::comparison_json(first, second, rows, s.rules));
  print_result(io::comparison_table(first, second, rows, s.rules));
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  OptionTable options(options_of(settings));
  const Program program = {
      .name = "revunet-compare",
      .description =
          "Compares the scores of two sets of predictions of the same cases, pair by pair: the mean "
          "difference, its bootstrap interval, and Wilcoxon's signed-rank test, for every region and metric.",
      .help = {.examples = {{"revunet-compare first.json second.json", "prints a row for each region and metric"},
                            {"revunet-compare first.json second.json --json comparison.json", "also writes all digits"},
                            {"revunet-compare first.json second.json --resamples 100000 --seed 1",
                             "takes more resamples, and others"}},
               .details = "A difference is the second score minus the first one. Files whose scores mean different "
                          "things, or are of different cases or references, are refused. p values are not corrected "
                          "for the number of tests."},
      .options = &options,
      .run = [&] { run(settings); }};
  return run_tool(program, argc, argv);
}

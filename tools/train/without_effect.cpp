#include "tools/train/without_effect.h"

#include "engine/error.h"

namespace revunet::tools {

std::set<std::string> typed_options(const std::vector<std::string>& words) {
  std::set<std::string> options;
  for (const std::string& word : words) {
    if (word.starts_with("--")) options.insert(word.substr(0, word.find('=')));
  }
  return options;
}

void expect_effect(const TrainArguments& a, const std::set<std::string>& typed) {
  const auto expect = [&](bool condition, const char* needed, std::initializer_list<const char*> options) {
    for (const char* option : options) {
      REVUNET_EXPECTS(condition || !typed.contains(option), UsageError,
                      "[{0}] expected {1}; otherwise {0} has no effect: change that or leave {0} out", option, needed);
    }
  };
  expect(a.folds > 0, "--folds", {"--fold"});
  expect(a.folds == 0 && a.split.empty(), "neither --folds nor --split", {"--val-fraction"});
  expect(a.augment != "none", "--augment paper or strong",
         {"--rotation", "--scaling", "--deformation", "--flip", "--intensity-shift"});
  expect(a.patch != "full", "--patch", {"--foreground"});
  expect(a.stop_patience > 0, "--stop-patience", {"--stop-window"});
  expect(a.learning_rate_drops != "none", "--lr-drops", {"--lr-divisor"});
  expect(!a.memory_trace.empty(), "--memory-trace", {"--memory-trace-steps"});
  if (a.resume.empty()) return;
  for (const char* option : {"--config", "--protocol", "--out", "--init", "--split", "--val-fraction", "--folds",
                             "--fold", "--check", "--labels", "--background", "--patients"}) {
    REVUNET_EXPECTS(!typed.contains(option), UsageError,
                    "[{}] expected a new run, got --resume {}, which has decided on that; leave one of them out",
                    option, a.resume);
  }
}

}  // namespace revunet::tools

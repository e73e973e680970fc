// Parses the options of revunet-train as a command line, its files and its protocol set them, without the program.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/train/resolve_settings.h"

namespace revunet::test {

struct ParsedRun {
  tools::TrainSettings settings;
  tools::OptionTable options = tools::train_options(settings);
  std::set<std::string> names;  // of all options, without dashes

  explicit ParsedRun(std::vector<std::string> words) {
    CLI::App app("", "revunet-train");
    options.declare(app);
    std::ranges::reverse(words);  // CLI11 expects them reversed
    app.parse(words);
    for (const CLI::Option* option : app.get_options()) {
      if (!option->get_group().empty()) names.insert(option->get_lnames().begin(), option->get_lnames().end());
    }
    tools::read_configuration(options, settings);
  }

  const TrainOptions& resolved() {
    tools::resolve(options, settings);
    return settings.run;
  }
};

}  // namespace revunet::test

// Parses the options of revunet-train as a command line, its files and its protocol set them, without the program.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/train/resolve_settings.h"

namespace revunet::test {

struct ParsedRun {
  tools::TrainSettings settings;
  tools::OptionTable options = tools::train_options(settings);
  // What --help says of each option, by its name without dashes: the kind of its value, empty for a flag, and its
  // default.
  struct Shown {
    std::string kind, value;
  };
  std::map<std::string, Shown> shown;

  explicit ParsedRun(std::vector<std::string> words) {
    CLI::App app("", "revunet-train");
    options.declare(app);
    std::ranges::reverse(words);  // CLI11 expects them reversed
    app.parse(words);
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_group().empty()) continue;  // a name of earlier versions
      for (const std::string& name : option->get_lnames()) {
        shown[name] = {option->get_type_name(), option->get_default_str()};
      }
    }
    tools::read_configuration(options, settings);
  }

  const TrainOptions& resolved() {
    tools::resolve(options, settings);
    return settings.run;
  }
};

}  // namespace revunet::test

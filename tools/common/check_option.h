// --check: how much of a dataset is checked before work on it begins.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "tools/common/option_spelling.h"

namespace revunet::tools {

// Declares --check none, headers or full, which sets `name`; io::parse_check_level says what such a name means.
inline void add_check_option(CLI::App& app, std::string& name) {
  app.add_option("--check", name,
                 "check of all cases before the start: full (as revunet-check, every file is read once more), headers "
                 "(grids and lengths of the files) or none")
      ->check(one_of({"full", "headers", "none"}))
      ->capture_default_str();
}

}  // namespace revunet::tools

#include "tools/common/verbosity.h"

#include <atomic>

namespace revunet::tools {

namespace {

std::atomic<Verbosity> current = Verbosity::normal;

CLI::Option* add_level(CLI::App& app, const std::string& name, Verbosity level, const std::string& description) {
  return app
      .add_flag_callback(
          name, [level] { current = level; }, description)
      ->configurable(false);
}

}  // namespace

Verbosity verbosity() {
  return current;
}

CLI::Option* add_quiet_option(CLI::App& app) {
  return add_level(app, "-q,--quiet", Verbosity::quiet, "print warnings, errors and results only; no progress line");
}

void add_verbosity_options(CLI::App& app, const std::string& shows) {
  CLI::Option* quiet = add_quiet_option(app);
  add_level(app, "-v,--verbose", Verbosity::verbose, "also print " + shows + "; no progress line")->excludes(quiet);
}

}  // namespace revunet::tools

#include "tools/common/verbosity.h"

#include <atomic>

#include "engine/error.h"

namespace revunet::tools {

namespace {

std::atomic<Verbosity> current = Verbosity::normal;

OptionValue level(Verbosity wanted) {
  return {.kind = "",
          .form = OptionValue::Form::flag,
          .set =
              [wanted](const std::string&, const std::string&) {
                REVUNET_EXPECTS(current == Verbosity::normal || current == wanted, UsageError,
                                "[--quiet, --verbose] expected one of them, got both; leave one out");
                current = wanted;
              },
          .text = [wanted] { return current == wanted ? "true" : "false"; }};
}

}  // namespace

Verbosity verbosity() {
  return current;
}

Option quiet_option() {
  return {.name = "quiet",
          .value = level(Verbosity::quiet),
          .help = "print warnings, errors and results only; no progress line",
          .short_name = "q",
          .in_files = InFiles::no};
}

std::vector<Option> verbosity_options(const std::string& shows) {
  return {quiet_option(),
          {.name = "verbose",
           .value = level(Verbosity::verbose),
           .help = "also print " + shows + "; no progress line",
           .short_name = "v",
           .in_files = InFiles::no}};
}

}  // namespace revunet::tools

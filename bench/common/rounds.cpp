#include "bench/common/rounds.h"

#include <iostream>

#include <fmt/format.h>

#include "bench/common/statistics.h"
#include "engine/error.h"

namespace revunet::bench {

std::vector<Argument> round_arguments(const std::string& name, const std::string& help, RoundOptions& options) {
  return {count(name, options.rounds, help),
          flag("rounds-from-stdin", options.from_stdin,
               "run each variant once for every line read, and print their seconds as a line of JSON")};
}

void run_rounds(const RoundOptions& options, const std::function<std::vector<double>()>& round) {
  if (!options.from_stdin) {
    for (int i = 0; i < options.rounds; ++i) round();
    return;
  }
  fmt::print("ready\n");
  std::fflush(stdout);
  bool asked = false;
  for (std::string line; std::getline(std::cin, line); asked = true) {
    fmt::print("{}\n", Json(round()).dump());
    std::fflush(stdout);
  }
  REVUNET_EXPECTS(asked, UsageError, "[--rounds-from-stdin] expected at least one line, got none");
}

}  // namespace revunet::bench

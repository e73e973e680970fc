// Rounds are how variants take turns: each round runs every variant once, so that noise hits all alike.
#pragma once

#include <functional>
#include <vector>

#include "bench/common/command_line.h"

namespace revunet::bench {

struct RoundOptions {
  int rounds = 5;  // where they are not asked for on stdin
  bool from_stdin = false;
};

// Returns an option `name` for the number of rounds, and --rounds-from-stdin.
std::vector<Argument> round_arguments(const std::string& name, const std::string& help, RoundOptions& options);

// Calls `round`, which runs every variant once and returns the seconds of each. Calls it `rounds` times. Or calls it
// once for every line of input and prints these seconds as one line of JSON, until the input ends, after a first line
// "ready". So another program can take turns with this one, without the cost of a start and a warm-up each time. Throws
// UsageError where the input has no line.
void run_rounds(const RoundOptions& options, const std::function<std::vector<double>()>& round);

}  // namespace revunet::bench

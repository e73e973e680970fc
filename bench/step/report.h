// What bench-step says of its variants, as tables and as JSON.
#pragma once

#include "bench/common/statistics.h"
#include "bench/common/training_run.h"

namespace revunet::bench {

// One variant's timed steps: rounds[i] ran in round i, next to every other variant's.
struct Measured {
  TrainingRun& run;
  std::vector<StepSeconds> rounds;
};

// Times, ratios to the first variant, and memory at its peak by tag.
void print_report(const std::vector<Measured>& variants);
Json to_json(const std::vector<Measured>& variants);

}  // namespace revunet::bench

// This file writes what bench-step measured, as tables and as JSON.
#pragma once

#include "bench/common/statistics.h"
#include "bench/common/training_run.h"

namespace revunet::bench {

// A Measured is one variant with its timed steps: rounds[i] ran in round i, next to every other variant's.
struct Measured {
  TrainingRun& run;
  std::vector<StepSeconds> rounds;
};

// Prints times, ratios to the first variant, and memory at its peak by tag.
void print_tables(const std::vector<Measured>& variants);
Json to_json(const std::vector<Measured>& variants);

}  // namespace revunet::bench

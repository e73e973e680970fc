// This file measures what each op of a training step takes on a CUDA device.
#pragma once

#include "bench/common/statistics.h"
#include "bench/common/training_run.h"

namespace revunet::bench {

// Runs a step, prints a table of its ops, the longest first, and returns [{op, calls, milliseconds}] for a file. Throws
// UsageError where the run is not on a CUDA device.
Json report_op_times(TrainingRun& run);

}  // namespace revunet::bench

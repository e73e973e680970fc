// This file measures what each op of a training step takes on a CUDA device.
#pragma once

#include "bench/common/statistics.h"
#include "bench/common/training_run.h"

namespace revunet::bench {

// Runs a step, prints a table of its ops and one of its layers, the longest first, and returns {by_op, by_layer} for a
// file: lists of {name, calls, milliseconds}. Throws UsageError where the run is not on a CUDA device.
Json report_op_times(TrainingRun& run);

}  // namespace revunet::bench

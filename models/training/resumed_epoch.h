// This file checks what must not change when a run goes on within an epoch.
#pragma once

#include "models/training/run_folder/checkpoint.h"
#include "models/training/run_length.h"
#include "models/training/train_options.h"

namespace revunet {

// state is the checkpoint's. length is that of the run with the options of now. Throws UsageError where they would
// change the epoch in progress, and DataError for another number of training cases.
void expect_same_epoch(const RunState& state, const TrainOptions& options, const RunLength& length);

}  // namespace revunet

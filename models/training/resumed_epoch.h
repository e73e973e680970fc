// What must be the same when a run goes on within an epoch.
#pragma once

#include "models/training/run_folder/checkpoint.h"
#include "models/training/run_length.h"
#include "models/training/train_options.h"

namespace revunet {

// state: of the checkpoint. length: of the run as the options would have it now. UsageError where they would change the
// epoch in progress; DataError for another number of training cases.
void expect_same_epoch(const RunState& state, const TrainOptions& options, const RunLength& length);

}  // namespace revunet

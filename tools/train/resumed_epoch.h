// What must be the same when a run goes on within an epoch.
#pragma once

#include "tools/train/checkpoint.h"
#include "tools/train/options.h"
#include "tools/train/run_length.h"

namespace revunet::tools {

// state: of the checkpoint. length: of the run as the options would have it now. UsageError where they would change the
// epoch in progress; DataError for another number of training cases.
void expect_same_epoch(const RunState& state, const TrainOptions& options, const RunLength& length);

}  // namespace revunet::tools

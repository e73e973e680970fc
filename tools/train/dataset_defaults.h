// This file looks at a run's dataset before anything else is decided: the task is the dataset's, and options that are
// not set follow from its cases.
//
// Non-obvious rule: BraTS's defaults are the paper's, whatever the cases are.
#pragma once

#include "tools/train/train_settings.h"

namespace revunet::tools {

// Sets the run's task, its network's channels in and out, and what the loss is of. A run that goes on has the task of
// its split.json. For other tasks than BraTS's, and for `size` auto, a new run measures all labelled cases, and the
// options that are not set get their values from them; settings.choices says which, and why. Throws as
// expect_data_and_out, RunFolder::expect_new, io::find_cases, take_architecture, split_cases and io::fingerprint_of do.
void take_dataset(OptionTable& options, TrainSettings& settings);

}  // namespace revunet::tools

// These functions choose what a run does, and refuse one that the machine cannot hold.
#pragma once

#include "tools/train/train_settings.h"

namespace revunet::tools {

// Chooses threads, what the dataset decides, and the rest. Throws UsageError and DataError as take_dataset and resolve
// do.
void choose_run(OptionTable& options, TrainSettings& settings);

// Throws OutOfMemoryError for a run that the machine cannot hold, with what would fit, before its files are checked and
// hashed, which takes long. It looks at new runs of a task of the dataset's own.
void expect_room(const OptionTable& options, const TrainSettings& settings);

}  // namespace revunet::tools

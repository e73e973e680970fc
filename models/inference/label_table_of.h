// This turns a task into the label table that losses read.
#pragma once

#include "io/task/task.h"
#include "kernels/label_table.h"

namespace revunet {

// Returns the outputs of each of the task's labels. All other labels lie in no region, or in the background where
// regions are exclusive.
LabelTable label_table_of(const io::Task& task);

}  // namespace revunet

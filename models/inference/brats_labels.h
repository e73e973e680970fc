// This is the label table of BraTS, for losses: WT, TC and ET, which overlap.
#pragma once

#include "kernels/label_table.h"

namespace revunet {

// Returns the regions of io/task/brats_task.h, which are scored on the host too. No label is ignored.
LabelTable brats_labels();

}  // namespace revunet

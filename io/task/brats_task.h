// BraTS's task: four MRI modalities in, the three nested regions of a glioma out.
#pragma once

#include "io/task/task.h"

namespace revunet::io {

// Its labels are 0 background, 1 necrotic or not enhancing core, 2 oedema and 4 enhancing tumour. Its regions are WT
// (whole tumour: 1, 2, 4), TC (tumour core: 1, 4) and ET (enhancing tumour: 4).
const TaskPointer& brats_task();

// Returns whether this is that very task. Others that are equal to it become it on reading (task_from_json).
inline bool is_brats(const Task& task) {
  return &task == brats_task().get();
}

// These are the places of its modalities: t1, t1ce, t2, flair.
enum BratsModality : size_t { kT1, kT1ce, kT2, kFlair };

}  // namespace revunet::io

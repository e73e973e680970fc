// BraTS's tasks: four MRI modalities in, the three nested regions of a glioma out, and, from 2024 on, what surgery
// left.
#pragma once

#include "io/task/task.h"

namespace revunet::io {

// Its labels are 0 background, 1 necrotic or not enhancing core, 2 oedema and 4 enhancing tumour. Its regions are WT
// (whole tumour: 1, 2, 4), TC (tumour core: 1, 4) and ET (enhancing tumour: 4).
const TaskPointer& brats_task();

// The task of 2024 has the labels of brats_task() and 3, the resection cavity, which is no part of the tumour: its
// region RC has that label alone.
const TaskPointer& brats2024_task();

// Returns whether this is one of these very tasks. Others that are equal to one become it on reading (task_from_json).
inline bool is_brats(const Task& task) {
  return &task == brats_task().get() || &task == brats2024_task().get();
}

// Returns that one of these tasks which has all modalities of `task` and the same regions, or nullptr for another task.
// Networks of some of its modalities are used on BraTS's datasets. A task that names its own files is none of them.
TaskPointer brats_task_of(const Task& task);

// These are the places of its modalities: t1, t1ce, t2, flair.
enum BratsModality : size_t { kT1, kT1ce, kT2, kFlair };

}  // namespace revunet::io

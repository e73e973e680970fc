#include "io/task/brats_task.h"

namespace revunet::io {

const TaskPointer& brats_task() {
  static const TaskPointer task = std::make_shared<const Task>(
      "brats", std::vector<std::string>{"t1", "t1ce", "t2", "flair"},
      std::vector<Task::Label>{{0, "background"}, {1, "core"}, {2, "oedema"}, {4, "enhancing"}},
      std::vector<Task::Region>{{"WT", {1, 2, 4}, 2, "whole tumour", kFlair},
                                {"TC", {1, 4}, 1, "tumour core", kT1ce},
                                {"ET", {4}, 4, "enhancing tumour", kT1ce}});
  return task;
}

}  // namespace revunet::io

#include "io/task/brats_task.h"

#include <algorithm>

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

const TaskPointer& brats2024_task() {
  static const TaskPointer task = [] {
    std::vector<Task::Label> labels = brats_task()->labels();
    labels.push_back({3, "resection cavity"});
    std::vector<Task::Region> regions = brats_task()->regions();
    regions.push_back({"RC", {3}, 3, "resection cavity", kT1ce});
    return std::make_shared<const Task>("brats2024", brats_task()->modalities(), std::move(labels), std::move(regions));
  }();
  return task;
}

TaskPointer brats_task_of(const Task& task) {
  if (task.rules().files) return nullptr;
  for (const TaskPointer& brats : {brats_task(), brats2024_task()}) {
    const auto has = [&](const std::string& name) { return std::ranges::count(brats->modalities(), name) == 1; };
    if (std::ranges::all_of(task.modalities(), has) && same_regions(task, *brats) && !task.exclusive()) return brats;
  }
  return nullptr;
}

}  // namespace revunet::io

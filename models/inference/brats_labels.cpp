#include "models/inference/brats_labels.h"

#include "io/task/brats_task.h"

namespace revunet {

LabelTable brats_labels() {
  const io::Task& task = *io::brats_task();
  LabelTable table{.count = static_cast<int64_t>(task.regions().size())};
  for (const io::Task::Label& label : task.labels()) {
    table.of_label[label.number] = static_cast<uint32_t>(task.regions_of(label.number).to_ulong());
  }
  return table;
}

}  // namespace revunet

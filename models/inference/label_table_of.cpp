#include "models/inference/label_table_of.h"

namespace revunet {

static_assert(kMostRegions == io::kMostRegions);

LabelTable label_table_of(const io::Task& task) {
  LabelTable table{.count = std::ssize(task.regions())};
  for (const io::Task::Label& label : task.labels()) {
    table.of_label[label.number] = static_cast<uint32_t>(task.regions_of(label.number).to_ulong());
  }
  return table;
}

}  // namespace revunet

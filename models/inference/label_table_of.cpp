#include "models/inference/label_table_of.h"

namespace revunet {

static_assert(kMostRegions == io::kMostRegions);

LabelTable label_table_of(const io::Task& task) {
  LabelTable table{.count = task.output_count(), .ignored = task.ignored()};
  if (task.exclusive()) table.of_label.fill(1);  // the background is output 0
  for (const io::Task::Label& label : task.labels()) {
    const auto regions = static_cast<uint32_t>(task.regions_of(label.number).to_ulong());
    table.of_label[label.number] = !task.exclusive() ? regions : regions == 0 ? 1 : regions << 1;
  }
  return table;
}

}  // namespace revunet

#include "models/training/report/make_observers.h"

#include "models/training/report/memory_timeline.h"
#include "models/training/report/previews.h"
#include "models/training/report/process_table.h"
#include "models/training/report/report.h"
#include "models/training/report/tensorboard.h"

namespace revunet {

std::vector<std::unique_ptr<RunObserver>> make_observers(const TrainOptions& options, const Split& split,
                                                         const RunFolder& folder) {
  std::vector<std::unique_ptr<RunObserver>> observers;
  const auto picture = std::make_shared<Picture>();  // the first observer draws it, the second takes it
  if (options.previews > 0) {
    observers.push_back(std::make_unique<Previews>(folder, split.validation, options.previews, picture));
  }
  if (options.tensorboard)
    observers.push_back(std::make_unique<TensorBoard>(folder, split.training.front().task(), picture));
  observers.push_back(std::make_unique<MemoryTimeline>(folder, options));
  if (size_of(options.processes) > 1) observers.push_back(std::make_unique<ProcessTable>(folder));
  observers.push_back(std::make_unique<ReportWriter>(folder));
  return observers;
}

}  // namespace revunet

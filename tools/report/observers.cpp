#include "tools/report/observers.h"

#include "tools/report/memory_timeline.h"
#include "tools/report/previews.h"
#include "tools/report/report.h"
#include "tools/report/tensorboard.h"

namespace revunet::tools {

std::vector<std::unique_ptr<RunObserver>> run_observers(const TrainOptions& options, const Split& split,
                                                        const RunFolder& folder) {
  std::vector<std::unique_ptr<RunObserver>> observers;
  const auto pictures = std::make_shared<Pictures>();  // drawn by the first, shown by the others
  if (options.previews > 0) {
    observers.push_back(std::make_unique<Previews>(folder, split.validation, options.previews, pictures));
  }
  if (options.tensorboard) observers.push_back(std::make_unique<TensorBoard>(folder, pictures));
  observers.push_back(std::make_unique<MemoryTimeline>(folder, options));
  observers.push_back(std::make_unique<ReportWriter>(folder));
  return observers;
}

}  // namespace revunet::tools

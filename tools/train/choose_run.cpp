#include "tools/train/choose_run.h"

#include "engine/distributed/communicator.h"
#include "engine/process/host_memory.h"
#include "models/plan/mode_choice.h"
#include "tools/train/dataset_defaults.h"
#include "tools/train/resolve_settings.h"
#include "tools/train/sample_choice.h"

namespace revunet::tools {

void choose_run(OptionTable& options, TrainSettings& settings) {
  resolve_threads(settings);
  take_dataset(options, settings);
  resolve(options, settings);
}

void expect_room(const OptionTable& options, const TrainSettings& settings) {
  const TrainOptions& run = settings.run;
  if (!settings.facts || run.device.kind != DeviceKind::cpu) return;  // a GPU says at once what it lacks
  const MemorySettings planned = run.memory();
  const size_t total = host_memory().total / static_cast<size_t>(run.processes ? run.processes->local_size() : 1);
  if (plan_training(planned).reserved() <= total) return;
  MemorySettings smallest = planned;
  smallest.size = shrinking_patches(run.size, settings.facts->median_extent, run.network.size_multiple()).back();
  smallest.augmented.reset();
  if (smallest.validation) smallest.validation = smallest.size;
  const bool may_choose = options.is_open("patch") && !settings.memory_budget &&
                          fastest_that_fits(smallest, settings.modes, total).has_value();
  throw OutOfMemoryError(fmt::format("[memory] {}{}", what_would_fit(planned, total),
                                     may_choose ? "; or give `memory-budget`, and the run takes patches that fit" : ""),
                         total);
}

}  // namespace revunet::tools

// revunet-train trains a 3-D U-Net on a dataset of labelled images.
#include "models/plan/plan_text.h"
#include "models/plan/planned_trace.h"
#include "models/plan/trace/trace_file.h"
#include "tools/common/run_processes.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"
#include "tools/train/choose_run.h"
#include "tools/train/joint_training.h"
#include "tools/train/resolve_settings.h"
#include "tools/train/training_run.h"

using namespace revunet;
using namespace revunet::tools;

namespace {

// Records the plan in place of a run.
void trace_plan(const TrainOptions& options, MemorySettings settings) {
  settings.steps = std::min(settings.steps, options.trace.steps);
  io::AtomicFile file(options.trace.path);
  write_trace(file, planned_trace(make_header(train_program(), DeviceKind::meta, options.threads, settings)));
  file.commit();
}

void plan(const TrainSettings& settings) {
  const TrainOptions& run = settings.run;
  const MemorySettings planned = run.memory();
  for (const std::string& choice : settings.choices) print_result("chosen for this dataset: {}\n", choice);
  for (const std::string& warning : settings.warnings) print_result("warning: {}\n", warning);
  print_result(plan_text(planned, settings.modes, settings.memory_budget));
  if (run.trace.path.empty()) return;
  trace_plan(run, planned);
  print_result("memory trace of the plan in {}\n", run.trace.path.string());
}

}  // namespace

int main(int argc, char** argv) {
  TrainSettings settings;
  OptionTable options = train_options(settings);
  const auto run = [&] {
    if (settings.plan) {
      read_configuration(options, settings);
      settings.run.planned_processes = std::max<int64_t>(1, settings.processes);
      choose_run(options, settings);
      return plan(settings);
    }
    const std::unique_ptr<Communicator> processes = join_or_launch(settings.processes, argv);
    train_together(*processes, options, settings, {argv, argv + argc});
  };
  const Program program = {
      .name = "revunet-train",
      .description =
          "Trains the partially reversible 3-D U-Net, or its non-reversible baseline, on a dataset: BraTS, or any task "
          "that a dataset.json or --task describes.",
      .help = {.examples = {{"revunet-train --data DATASET --out RUN",
                             "trains on whole images with the defaults, and validates on a fifth of the cases"},
                            {"revunet-train --protocol paper --plan",
                             "shows how much memory the paper's training would take here, and trains nothing"},
                            {"revunet-train --resume RUN", "continues a run that was interrupted"}},
               .most_used = {"--data", "--out", "--resume", "--config", "--protocol", "--epochs", "--lr", "--size",
                             "--patch", "--augment", "--accumulate", "--precision", "--device", "--processes", "--plan",
                             "--memory-budget"}},
      .options = &options,
      .run = run,
      .files_set_options = true};
  return run_tool(program, argc, argv);
}

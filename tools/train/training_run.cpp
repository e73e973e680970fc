#include "tools/train/training_run.h"

#include <spdlog/spdlog.h>

#include "engine/distributed/communicator.h"
#include "engine/process/host_memory.h"
#include "engine/process/host_memory_failure.h"
#include "engine/process/interruption.h"
#include "models/training/report/make_observers.h"
#include "models/training/run_folder/run_start.h"
#include "models/training/samples/checked_split.h"
#include "tools/common/progress_line.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"
#include "tools/common/verbosity.h"
#include "tools/train/train_log.h"
#include "tools/train/verbose_lines.h"

namespace revunet::tools {

namespace {

Split split_of(const TrainSettings& settings) {
  const SplitMessages messages = {
      .on_note = [](const std::string& note) { print_message("revunet-train: note: {}\n", note); },
      .on_warning = [](const std::string& warning) { print_message("revunet-train: warning: {}\n", warning); },
      .progress = progress_on_terminal()};
  CheckedSplit checked = checked_split(settings.data, settings.run, messages);
  watch_for_interruption();
  return complete_split(std::move(checked), settings.run.stopping, messages.progress);
}

std::optional<RunFolder> earlier_folder(const TrainOptions& options) {
  if (options.resume) return RunFolder::of_earlier_run(options.out);
  RunFolder::expect_new(options.out);
  return std::nullopt;
}

// Where memory runs out, the error says what would fit.
void within_memory(const TrainOptions& options, const std::function<void()>& act) try {
  with_host_memory("training", act);
} catch (const OutOfMemoryError& e) {
  const bool on_host = options.device.kind == DeviceKind::cpu && e.capacity == 0;
  const size_t capacity = on_host ? host_memory().free : e.capacity;
  throw OutOfMemoryError(fmt::format("{}\n{}", e.what(), what_would_fit(options.memory(), capacity)), capacity);
}

// Calls act(). An error goes to the run's own log, because the tool prints it itself.
void logged_if_failing(const TrainOptions& options, const std::function<void()>& act) try {
  within_memory(options, act);
} catch (const std::exception& e) {
  log_to_file(spdlog::level::err, e.what());
  throw;
}

}  // namespace

std::string train_program() {
  return "revunet-train " + version();
}

TrainingRun::TrainingRun(const TrainSettings& settings, const std::string& configuration,
                         const std::vector<std::string>& command_line)
    : settings_(settings),
      earlier_(earlier_folder(settings.run)),
      split_(split_of(settings)),
      folder_(earlier_ ? std::move(*earlier_) : RunFolder::make(settings.run.out)) {
  start_log(folder_);
  if (!folder_.lock_warning().empty()) spdlog::warn("warning: {}", folder_.lock_warning());
  log_to_file(spdlog::level::info, describe(this_start(train_program(), command_line, settings.run.resume,
                                                       split_.training.front().labels.name())));
  logged_if_failing(settings.run, [&] {
    trainer_.emplace(settings.run, split_, folder_, train_program(), progress_);
    folder_.write("split.json", to_json(split_));
    folder_.write("config.toml", configuration);  // not before: a run refuses to go on with some options
    describe_start(configuration);
  });
}

TrainingRun::TrainingRun(const TrainSettings& settings, const RegionCounts& validation_regions)
    : settings_(settings),
      split_(split_of_run(settings.data, settings.run)),
      folder_(RunFolder::of_others(settings.run.out)) {
  split_.validation_regions = validation_regions;
  start_no_log();
  within_memory(settings.run, [&] { trainer_.emplace(settings.run, split_, folder_, train_program(), no_progress_); });
}

void TrainingRun::describe_start(const std::string& configuration) {
  const TrainOptions& options = settings_.run;
  spdlog::info("{} network, channels {}{}, {} parameters; {} training and {} validation cases; {}",
               name_of(options.network.kind), fmt::join(options.network.channels, ","),
               describe_halved(options.network), trainer_->model().parameter_count(), split_.training.size(),
               split_.validation.size(), trainer_->device());
  if (const int processes = size_of(options.processes); processes > 1) {
    spdlog::info("{} processes: a step has {} samples, {} of each", processes, processes * options.extras.accumulate,
                 options.extras.accumulate);
  }
  if (options.task != io::brats_task()) spdlog::info("task {}", io::describe(*options.task));
  for (const std::string& choice : settings_.choices) spdlog::info("chosen for this dataset: {}", choice);
  for (const std::string& warning : settings_.warnings) spdlog::warn("warning: {}", warning);
  if (options.validate_by == ValidationPass::patches && options.validates()) {
    spdlog::info("validation predicts the field of view by overlapping patches of {}",
                 fmt::join(options.seen_in_validation(), ","));
  }
  if (split_.unused > 0) spdlog::info("{} cases of --data are not in --split and take no part", split_.unused);
  const bool by_loss = !split_.validation.empty() && !has_regions(split_.validation_regions);
  spdlog::log(by_loss ? spdlog::level::warn : spdlog::level::info, "{}{}", by_loss ? "warning: " : "",
              describe_choice(*split_.training.front().task(), split_.validation_regions, split_.validation.size()));
  if (verbosity() == Verbosity::verbose) {
    log_start(configuration, split_);
    trainer_->add(std::make_unique<VerboseLines>(split_));
  }
  for (auto& observer : make_observers(options, split_, folder_)) trainer_->add(std::move(observer));
}

void TrainingRun::train() {
  logged_if_failing(settings_.run, [&] {
    try {
      trainer_->run();
    } catch (...) {
      // What would fit is asked with its memory free again. With several processes, sums may still use it.
      if (!settings_.run.processes) trainer_.reset();
      throw;
    }
  });
  show_results();
  spdlog::info("done: best weights in {}, last in {}; {} has a row for each epoch, and {} shows the run",
               folder_.file("best.safetensors").string(), folder_.file("last.safetensors").string(),
               folder_.file("log.csv").string(), folder_.file("report.html").string());
}

}  // namespace revunet::tools

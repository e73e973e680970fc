// revunet-train trains a 3-D U-Net on a dataset of labelled images.
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "engine/process/host_memory.h"
#include "engine/process/host_memory_failure.h"
#include "engine/process/interruption.h"
#include "models/plan/plan_text.h"
#include "models/plan/planned_trace.h"
#include "models/plan/trace/trace_file.h"
#include "models/training/report/make_observers.h"
#include "models/training/run_folder/run_start.h"
#include "models/training/samples/checked_split.h"
#include "models/training/trainer.h"
#include "tools/common/flag_names.h"
#include "tools/common/progress_line.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"
#include "tools/common/verbosity.h"
#include "tools/train/dataset_defaults.h"
#include "tools/train/resolve_settings.h"
#include "tools/train/sample_choice.h"
#include "tools/train/terminal_progress.h"
#include "tools/train/verbose_lines.h"

using namespace revunet;
using namespace revunet::tools;

namespace {

std::string program() {
  return "revunet-train " + version();
}

// Formats plain lines, or lines with a time in front. Options are named as flags.
class LineFormatter : public spdlog::formatter {
 public:
  explicit LineFormatter(const std::string& pattern) : pattern_(pattern), inner_(pattern) {}
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const std::string text = with_flags({message.payload.data(), message.payload.size()});
    spdlog::details::log_msg told = message;
    told.payload = text;
    inner_.format(told, line);
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<LineFormatter>(pattern_); }

 private:
  std::string pattern_;
  spdlog::pattern_formatter inner_;
};

// Prints lines on stdout. The run does not depend on it, because they are in train.log too.
class TerminalSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    print_log({line.data(), line.size()});
  }
  void flush_() override {}
};

std::shared_ptr<spdlog::sinks::basic_file_sink_st> log_file(const std::string& path) try {
  return std::make_shared<spdlog::sinks::basic_file_sink_st>(path);
} catch (const spdlog::spdlog_ex& e) {
  throw DataError(
      fmt::format("[{}] expected to write this file, got: {}; check the folder's permissions", path, e.what()));
}

// Logs plain lines on the terminal, and the same with times in the run folder. Each line is on disk before the next.
// Where the file takes no more, the run goes on, and says so once.
void start_log(const RunFolder& folder) {
  auto terminal = std::make_shared<TerminalSink>();
  terminal->set_formatter(std::make_unique<LineFormatter>("%v"));
  auto file = log_file(folder.file("train.log").string());
  file->set_formatter(std::make_unique<LineFormatter>("%Y-%m-%d %H:%M:%S %v"));
  // The progress within a long epoch goes to the file at level debug, because the terminal's progress line shows it.
  terminal->set_level(verbosity() == Verbosity::quiet     ? spdlog::level::warn
                      : verbosity() == Verbosity::verbose ? spdlog::level::debug
                                                          : spdlog::level::info);
  auto logger = std::make_shared<spdlog::logger>("train", spdlog::sinks_init_list{terminal, file});
  logger->set_level(spdlog::level::debug);
  logger->flush_on(spdlog::level::debug);
  logger->set_error_handler([told = false](const std::string& reason) mutable {
    if (!told) print_message("revunet-train: warning: train.log lacks lines: {}\n", reason);
    told = true;
  });
  spdlog::set_default_logger(logger);
}

Split split_of(const TrainSettings& settings) {
  CheckedSplit checked = checked_split(
      settings.data, settings.run,
      {.on_note = [](const std::string& note) { print_message("revunet-train: note: {}\n", note); },
       .on_warning = [](const std::string& warning) { print_message("revunet-train: warning: {}\n", warning); },
       .progress = progress_on_terminal()});
  watch_for_interruption();
  return complete_split(std::move(checked), settings.run.stopping, progress_on_terminal());
}

// Logs to the run's own log alone.
void log_to_file(spdlog::level::level_enum level, const std::string& text) try {
  spdlog::default_logger()->sinks().back()->log({"train", level, text});
  spdlog::default_logger()->flush();
} catch (const spdlog::spdlog_ex&) {  // for example on a full disk, which the run reports
}

// configuration is the effective one, as TOML.
void run_trainer(const TrainSettings& settings, const std::string& configuration, const Split& split,
                 RunFolder& folder) {
  const TrainOptions& options = settings.run;
  TerminalProgress progress;
  Trainer trainer(options, split, folder, program(), progress);
  folder.write("split.json", to_json(split));
  folder.write("config.toml", configuration);  // not before: a run refuses to go on with some options
  spdlog::info("{} network, channels {}{}, {} parameters; {} training and {} validation cases; {}",
               name_of(options.network.kind), fmt::join(options.network.channels, ","),
               describe_halved(options.network), trainer.model().parameter_count(), split.training.size(),
               split.validation.size(), trainer.device());
  if (options.task != io::brats_task()) spdlog::info("task {}", io::describe(*options.task));
  for (const std::string& choice : settings.choices) spdlog::info("chosen for this dataset: {}", choice);
  for (const std::string& warning : settings.warnings) spdlog::warn("warning: {}", warning);
  if (options.validate_by == ValidationPass::patches && options.validates()) {
    spdlog::info("validation predicts the field of view by overlapping patches of {}",
                 fmt::join(options.seen_in_validation(), ","));
  }
  if (split.unused > 0) spdlog::info("{} cases of --data are not in --split and take no part", split.unused);
  const bool by_loss = !split.validation.empty() && !has_regions(split.validation_regions);
  spdlog::log(by_loss ? spdlog::level::warn : spdlog::level::info, "{}{}", by_loss ? "warning: " : "",
              describe_choice(*split.training.front().task(), split.validation_regions, split.validation.size()));
  if (verbosity() == Verbosity::verbose) {
    log_start(configuration, split);
    trainer.add(std::make_unique<VerboseLines>(split));
  }
  for (auto& observer : make_observers(options, split, folder)) trainer.add(std::move(observer));
  trainer.run();
}

// Where memory runs out, the error says what would fit.
void run_within_memory(const TrainSettings& settings, const std::string& configuration, const Split& split,
                       RunFolder& folder) try {
  with_host_memory("training", [&] { run_trainer(settings, configuration, split, folder); });
} catch (const OutOfMemoryError& e) {
  const TrainOptions& options = settings.run;
  const bool on_host = options.device.kind == DeviceKind::cpu && e.capacity == 0;
  const size_t capacity = on_host ? host_memory().free : e.capacity;  // the trainer's own memory is free again
  throw OutOfMemoryError(fmt::format("{}\n{}", e.what(), what_would_fit(options.memory(), capacity)), capacity);
}

// Refuses a run that the machine cannot hold, before its files are checked and hashed, which takes long. It looks at
// new runs of a task of the dataset's own.
void expect_room(const OptionTable& options, const TrainSettings& settings) {
  const TrainOptions& run = settings.run;
  if (!settings.facts || run.device.kind != DeviceKind::cpu) return;  // a GPU says at once what it lacks
  const MemorySettings planned = run.memory();
  const size_t total = host_memory().total;
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

// command_line is the program's name and what was typed after it.
void train(const TrainSettings& settings, const std::string& configuration,
           const std::vector<std::string>& command_line) {
  const TrainOptions& options = settings.run;
  // Checks the folder before the data is looked at.
  std::optional<RunFolder> earlier;
  if (options.resume) {
    earlier = RunFolder::of_earlier_run(options.out);
  } else {
    RunFolder::expect_new(options.out);
  }
  const Split split = split_of(settings);
  RunFolder folder = earlier ? std::move(*earlier) : RunFolder::make(options.out);
  start_log(folder);
  if (!folder.lock_warning().empty()) spdlog::warn("warning: {}", folder.lock_warning());
  const io::CaseFiles& first_case = split.training.front();
  log_to_file(spdlog::level::info,
              describe(this_start(program(), command_line, options.resume, first_case.labels.name())));
  try {
    run_within_memory(settings, configuration, split, folder);
  } catch (const std::exception& e) {
    log_to_file(spdlog::level::err, e.what());  // the tool prints it itself
    throw;
  }
  spdlog::default_logger()->sinks().front()->set_level(spdlog::level::info);  // shows the result, with -q too
  spdlog::info("done: best weights in {}, last in {}; {} has a row for each epoch, and {} shows the run",
               folder.file("best.safetensors").string(), folder.file("last.safetensors").string(),
               folder.file("log.csv").string(), folder.file("report.html").string());
}

// Records the plan in place of a run.
void trace_plan(const TrainOptions& options, MemorySettings settings) {
  settings.steps = std::min(settings.steps, options.trace.steps);
  io::AtomicFile file(options.trace.path);
  write_trace(file, planned_trace(make_header(program(), DeviceKind::meta, options.threads, settings)));
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
    read_configuration(options, settings);
    resolve_threads(settings);
    take_dataset(options, settings);
    resolve(options, settings);
    if (settings.plan) return plan(settings);
    expect_room(options, settings);
    train(settings, options.to_toml(), {argv, argv + argc});
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
                             "--patch", "--augment", "--accumulate", "--precision", "--device", "--plan",
                             "--memory-budget"}},
      .options = &options,
      .run = run,
      .files_set_options = true};
  return run_tool(program, argc, argv);
}

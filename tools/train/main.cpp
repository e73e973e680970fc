// Trains a 3-D U-Net on a BraTS dataset.
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "engine/process/host_memory.h"
#include "engine/process/host_memory_failure.h"
#include "engine/process/interruption.h"
#include "io/check/check.h"
#include "models/plan/plan_report.h"
#include "models/plan/planned_trace.h"
#include "models/plan/trace/trace_file.h"
#include "models/training/report/make_observers.h"
#include "models/training/run_folder/run_start.h"
#include "models/training/trainer.h"
#include "tools/common/labels_option.h"
#include "tools/common/progress_line.h"
#include "tools/common/standard_streams.h"
#include "tools/common/tool_main.h"
#include "tools/common/verbosity.h"
#include "tools/train/init_architecture.h"
#include "tools/train/protocol.h"
#include "tools/train/resolve_options.h"
#include "tools/train/terminal_progress.h"
#include "tools/train/verbose_lines.h"
#include "tools/train/without_effect.h"

using namespace revunet;
using namespace revunet::tools;

namespace {

std::string program() {
  return "revunet-train " + version();
}

// Lines on stdout. The run does not depend on it: they are in train.log too.
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

// Plain lines on the terminal; the same with times in the run folder. Each line is on disk before the next. Where the
// file takes no more, the run goes on, and says so once.
void start_log(const RunFolder& folder) {
  auto terminal = std::make_shared<TerminalSink>();
  terminal->set_pattern("%v");
  auto file = log_file(folder.file("train.log").string());
  file->set_pattern("%Y-%m-%d %H:%M:%S %v");
  // Where a long epoch is goes to the file at level debug: the terminal's progress line shows it.
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

// The files of a resumed run are those that were checked when it began: their hashes say so.
io::CheckLevel check_level(const TrainOptions& options) {
  const io::CheckLevel level = io::parse_check_level(options.check);
  return options.resume ? std::min(level, io::CheckLevel::headers) : level;
}

io::CheckOptions check_options(const TrainOptions& options) {
  io::CheckOptions check{.level = check_level(options), .patients = options.split.patients};
  // Nothing can be changed any more about a run that goes on.
  if (!options.resume) check.view = io::TrainingView{options.size.axes(), options.network.size_multiple()};
  return check;
}

Split checked_split(const TrainOptions& options) {
  SplitOptions how = options.split;
  if (options.resume) how.file = options.out / "split.json";
  std::vector<io::CaseFiles> cases =
      io::find_cases(options.data, labels_of_option(options.labels), io::MissingModality::refused,
                     [](const std::string& note) { print_message("revunet-train: note: {}\n", note); });
  for (io::CaseFiles& c : cases) c.background = options.background;
  Split split = split_cases(std::move(cases), how);
  expect_validation(options.stopping, !split.validation.empty());
  std::vector<io::CaseFiles> used = split.training;
  used.insert(used.end(), split.validation.begin(), split.validation.end());
  const io::StartCheck check = io::check_before_start(used, check_options(options), progress_on_terminal());
  io::expect_sound(check, used, options.data);
  for (const std::string& warning : check.warnings) print_message("revunet-train: warning: {}\n", warning);
  watch_for_interruption();
  split.hashes = hash_files(split, progress_on_terminal());
  split.validation_regions = count_regions(split.validation, progress_on_terminal());
  expect_validation(options.stopping, has_regions(split.validation_regions));
  return split;
}

// In the run's own log alone.
void log_to_file(spdlog::level::level_enum level, const std::string& text) try {
  spdlog::default_logger()->sinks().back()->log({"train", level, text});
  spdlog::default_logger()->flush();
} catch (const spdlog::spdlog_ex&) {  // a full disk, for example, of which the run tells
}

void run_trainer(const TrainOptions& options, const Split& split, RunFolder& folder) {
  TerminalProgress progress;
  Trainer trainer(options, split, folder, program(), progress);
  folder.write("split.json", to_json(split));
  folder.write("config.toml", to_toml(options));  // only now: a run refuses to go on with some options
  spdlog::info("{} network, channels {}, {} parameters; {} training and {} validation cases; {}",
               name_of(options.network.kind), fmt::join(options.network.channels, ","),
               trainer.model().parameter_count(), split.training.size(), split.validation.size(), trainer.device());
  if (split.unused > 0) spdlog::info("{} cases of --data are not in --split and take no part", split.unused);
  const bool by_loss = !split.validation.empty() && !has_regions(split.validation_regions);
  spdlog::log(by_loss ? spdlog::level::warn : spdlog::level::info, "{}{}", by_loss ? "warning: " : "",
              describe_choice(split.validation_regions, split.validation.size()));
  if (verbosity() == Verbosity::verbose) {
    log_start(to_toml(options), split);
    trainer.add(std::make_unique<VerboseLines>(split));
  }
  for (auto& observer : make_observers(options, split, folder)) trainer.add(std::move(observer));
  trainer.run();
}

// As many as plans have at least, where the run's own number is not known.
int64_t planned_steps(const TrainOptions& options) {
  return options.max_steps > 0 ? options.max_steps : 2;
}

// Out of memory says what would fit.
void run_within_memory(const TrainOptions& options, const Split& split, RunFolder& folder) try {
  with_host_memory("training", [&] { run_trainer(options, split, folder); });
} catch (const OutOfMemoryError& e) {
  const bool on_host = options.device.kind == DeviceKind::cpu && e.capacity == 0;
  const size_t capacity = on_host ? host_memory().free : e.capacity;  // the trainer's own is free again
  throw OutOfMemoryError(
      fmt::format("{}\n{}", e.what(), what_would_fit(options.memory(planned_steps(options)), capacity)), capacity);
}

// command_line: the program's name and what was typed after it.
void train(const TrainOptions& options, const std::vector<std::string>& command_line) {
  // Before the data is looked at: whether the folder will do.
  std::optional<RunFolder> earlier;
  if (options.resume) {
    earlier = RunFolder::of_earlier_run(options.out);
  } else {
    RunFolder::expect_new(options.out);
  }
  Split split = checked_split(options);
  RunFolder folder = earlier ? std::move(*earlier) : RunFolder::make(options.out);
  start_log(folder);
  if (!folder.lock_warning().empty()) spdlog::warn("warning: {}", folder.lock_warning());
  const io::CaseFiles& first_case = split.training.front();
  log_to_file(spdlog::level::info,
              describe(this_start(program(), command_line, options.resume, first_case.labels.name())));
  try {
    run_within_memory(options, split, folder);
  } catch (const std::exception& e) {
    log_to_file(spdlog::level::err, e.what());  // the tool prints it itself
    throw;
  }
  spdlog::default_logger()->sinks().front()->set_level(spdlog::level::info);  // the result, with -q too
  spdlog::info("done: best weights in {}, last in {}, one row per epoch in {}, all of it to look at in {}",
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

// Refusals name the file and the line where an option was set in one.
TrainOptions resolved(const TrainArguments& arguments, const std::optional<ConfigFile>& config) try {
  return resolve(arguments);
} catch (const UsageError& e) {
  if (!config) throw;
  throw UsageError(config->with_lines(e.what()));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains the partially reversible 3-D U-Net, or its non-reversible baseline, on a BraTS dataset.",
               "revunet-train");
  TrainArguments arguments;
  add_train_options(app, arguments);
  return run_tool(app, argc, argv, [&] {
    const std::optional<ConfigFile> config = read_configuration(app, arguments);
    apply_protocol(app, arguments.protocol);
    take_architecture(app, arguments);
    expect_effect(arguments, typed_options({argv, argv + argc}));
    const TrainOptions options = resolved(arguments, config);
    if (arguments.plan) {
      const MemorySettings settings = options.memory(planned_steps(options));
      print_result(plan_report(settings, mode_choice(arguments), options.memory_budget));
      if (options.trace.path.empty()) return;
      trace_plan(options, settings);
      print_result("memory trace of the plan in {}\n", options.trace.path.string());
      return;
    }
    train(options, {argv, argv + argc});
  });
}

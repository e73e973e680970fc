// Trains a 3-D U-Net on a BraTS dataset.
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "tools/check/check.h"
#include "tools/common/interruption.h"
#include "tools/common/labels_option.h"
#include "tools/common/tool_main.h"
#include "tools/plan/plan_report.h"
#include "tools/report/observers.h"
#include "tools/trace/planned_trace.h"
#include "tools/trace/trace_file.h"
#include "tools/train/protocol.h"
#include "tools/train/trainer.h"
#include "tools/train/without_effect.h"

using namespace revunet;
using namespace revunet::tools;

namespace {

// Plain lines on the terminal; the same with times in the run folder. Each line is on disk before the next.
void start_log(const RunFolder& folder) {
  auto terminal = std::make_shared<spdlog::sinks::stdout_sink_st>();
  terminal->set_pattern("%v");
  auto file = std::make_shared<spdlog::sinks::basic_file_sink_st>(folder.file("train.log").string());
  file->set_pattern("%Y-%m-%d %H:%M:%S %v");
  auto logger = std::make_shared<spdlog::logger>("train", spdlog::sinks_init_list{terminal, file});
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(logger);
}

// The files of a resumed run are those that were checked when it began: their hashes say so.
CheckLevel check_level(const TrainOptions& options) {
  const CheckLevel level = parse_check_level(options.check);
  return options.resume ? std::min(level, CheckLevel::headers) : level;
}

Split checked_split(const TrainOptions& options) {
  SplitOptions how = options.split;
  if (options.resume) how.file = options.out / "split.json";
  Split split = split_cases(io::find_cases(options.data, labels_of_option(options.labels)), how);
  expect_validation(options.stopping, !split.validation.empty());
  std::vector<io::CaseFiles> used = split.training;
  used.insert(used.end(), split.validation.begin(), split.validation.end());
  expect_sound(used, options.data, check_level(options), "revunet-train");
  watch_for_interruption();
  split.hashes = hash_files(split);
  return split;
}

void train(const TrainOptions& options) {
  // Before the data is looked at: whether the folder will do.
  if (options.resume) {
    RunFolder::of_earlier_run(options.out);
  } else {
    RunFolder::expect_new(options.out);
  }
  Split split = checked_split(options);
  RunFolder folder = options.resume ? RunFolder::of_earlier_run(options.out) : RunFolder(options.out);
  start_log(folder);
  try {
    Trainer trainer(options, split, folder);
    folder.write("split.json", to_json(split));
    folder.write("config.toml", to_toml(options));  // only now: a run refuses to go on with some options
    spdlog::info("{} network, channels {}, {} parameters; {} training and {} validation cases; {}",
                 name_of(options.network.kind), fmt::join(options.network.channels, ","),
                 trainer.model().parameter_count(), split.training.size(), split.validation.size(), trainer.device());
    if (split.unused > 0) spdlog::info("{} cases of --data are not in --split and take no part", split.unused);
    for (auto& observer : run_observers(options, split, folder)) trainer.add(std::move(observer));
    trainer.run();
  } catch (const std::exception& e) {
    spdlog::default_logger()->sinks().back()->log(
        {"train", spdlog::level::err, e.what()});  // the tool prints it itself
    spdlog::default_logger()->flush();
    throw;
  }
  spdlog::info("done: best weights in {}, last in {}, a row an epoch in {}, all of it to look at in {}",
               folder.file("best.safetensors").string(), folder.file("last.safetensors").string(),
               folder.file("log.csv").string(), folder.file("report.html").string());
}

// Records the plan in place of a run.
void trace_plan(const TrainOptions& options, MemorySettings settings) {
  settings.steps = std::min(settings.steps, options.trace.steps);
  io::AtomicFile file(options.trace.path);
  write_trace(file, planned_trace(make_header("revunet-train", DeviceKind::meta, options.threads, settings)));
  file.commit();
}

// `--resume RUN` asks for RUN's configuration too, which CLI11 must have before it parses.
std::vector<std::string> with_configuration(std::vector<std::string> words) {
  const std::string option = "--resume", with_value = option + "=";
  if (typed_options(words).contains("--config")) return words;  // to be refused
  for (size_t i = 1; i < words.size(); ++i) {
    std::filesystem::path run;
    if (words[i] == option && i + 1 < words.size()) run = words[i + 1];
    if (words[i].starts_with(with_value)) run = words[i].substr(with_value.size());
    if (run.empty()) continue;
    words.insert(words.begin() + 1, {"--config", (run / "config.toml").string()});
    break;
  }
  return words;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains the partially reversible 3-D U-Net, or its non-reversible baseline, on a BraTS dataset.",
               "revunet-train");
  TrainArguments arguments;
  add_train_options(app, arguments);
  const std::vector<std::string> typed(argv, argv + argc);
  std::vector<std::string> words = with_configuration(typed);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  return run_tool(app, static_cast<int>(pointers.size()), pointers.data(), [&] {
    apply_protocol(app, arguments.protocol);
    expect_effect(arguments, typed_options(typed));
    const TrainOptions options = resolve(arguments);
    if (arguments.plan) {
      const MemorySettings settings = options.memory(options.max_steps > 0 ? options.max_steps : 2);
      fmt::print("{}", plan_report(settings, mode_choice(arguments), options.memory_budget));
      if (options.trace.path.empty()) return;
      trace_plan(options, settings);
      fmt::print("memory trace of the plan in {}\n", options.trace.path.string());
      return;
    }
    train(options);
  });
}

#include "tools/train/options.h"

#include <algorithm>
#include <functional>

#include "engine/device.h"
#include "tools/common/parse_list.h"
#include "tools/common/precision.h"
#include "tools/common/weights_file.h"

namespace revunet::tools {

namespace {

constexpr int64_t kMostEpochs = 1'000'000;  // epochs; far beyond use, and times any number of cases no overflow

}  // namespace

void add_train_options(CLI::App& app, TrainArguments& a) {
  app.allow_config_extras(CLI::config_extras_mode::error);  // a mistyped name is not to be passed over
  app.set_config("--config", "", "TOML file with any of these options, by their long names; the command line wins");
  app.add_option("--data", a.data,
                 "dataset: <case>/<case>_{t1,t1ce,t2,flair,seg}.nii[.gz], also below HGG/ and LGG/; required");
  app.add_option("--out", a.out, "run folder to make; must not hold an earlier run; required");
  app.add_option("--model", a.model, "network")
      ->check(CLI::IsMember({"reversible", "baseline"}))
      ->capture_default_str();
  app.add_option("--channels", a.channels,
                 "channels of each level, finest first [reversible 60,120,240,360,480; baseline 30,60,120,240,480]");
  app.add_option("--encoder-depth", a.encoder_depth, "reversible blocks an encoder level")->capture_default_str();
  app.add_option("--decoder-depth", a.decoder_depth, "reversible blocks a decoder level")->capture_default_str();
  app.add_option("--size", a.size, "X,Y,Z voxels that every case is cropped or padded to about its brain")
      ->capture_default_str();
  app.add_option("--patch", a.patch, "X,Y,Z voxels of a random patch to train on, or full")->capture_default_str();
  app.add_option("--epochs", a.epochs, "passes over the training cases")->capture_default_str();
  app.add_option("--max-steps", a.max_steps, "optimiser steps after which to stop, 0 for no limit")
      ->capture_default_str();
  app.add_option("--lr", a.learning_rate, "Adam's learning rate")->capture_default_str();
  app.add_option("--lr-drops", a.learning_rate_drops,
                 "epochs after each of which the learning rate is divided by --lr-divisor, or none")
      ->capture_default_str();
  app.add_option("--lr-divisor", a.learning_rate_divisor, "as above")->capture_default_str();
  app.add_option("--weight-decay", a.weight_decay, "Adam's L2 penalty, times the weights in their gradients")
      ->capture_default_str();
  app.add_option("--stop-patience", a.stop_patience,
                 "stop when the moving average of validation Dice has not risen for so many epochs (the paper: 60); 0: "
                 "train all --epochs")
      ->capture_default_str();
  app.add_option("--stop-window", a.stop_window, "epochs of that moving average")->capture_default_str();
  app.add_option("--val-fraction", a.validation_fraction,
                 "share of the cases kept for validation; a patient's cases stay together")
      ->capture_default_str();
  app.add_option("--folds", a.folds,
                 "for cross-validation: folds to share the patients among, in place of a fraction; 0: none")
      ->capture_default_str();
  app.add_option("--fold", a.fold, "the fold that validates, from 0")->capture_default_str();
  app.add_option("--split", a.split, "split.json of an earlier run, in place of both");
  app.add_option("--validate-every", a.validate_every, "epochs between validations")->capture_default_str();
  app.add_option("--seed", a.seed, "of initialisation, split, order and patches")
      ->check(CLI::NonNegativeNumber)  // else CLI11 wraps -1 to 2^64 - 1
      ->capture_default_str();
  app.add_option("--threads", a.threads, "CPU threads, 0 for all; results do not depend on it")->capture_default_str();
  add_device_options(app, a.device);
  add_precision_option(app, a.precision);
  const auto mode = CLI::IsMember({"auto", "stored", "reversible"});
  app.add_option("--activations", a.activations,
                 "of reversible sequences: stored, or rebuilt in backward; auto: reversible, or the fastest within "
                 "--memory-budget")
      ->check(mode)
      ->capture_default_str();
  app.add_option("--skips", a.skips, "encoder outputs: stored, or rebuilt from the decoder's; auto as above")
      ->check(mode)
      ->capture_default_str();
  app.add_flag("--fused-optimizer", a.fused_optimizer,
               "Adam takes each gradient as soon as it is complete and drops it: less memory, the same bits");
  add_bytes_option(app, "--memory-budget", a.memory_budget,
                   "bytes to reserve for tensors, with a unit if you like (8GiB, 6646MB: 10^6 bytes): auto modes take "
                   "the fastest that fits");
  app.add_flag("--plan", a.plan, "print the memory that this configuration and its alternatives take, and stop");
  app.add_option("--monitor-reconstruction", a.monitor_reconstruction,
                 "steps between checks of a sequence's rebuilt input against the true one, which takes that much more "
                 "memory; 0 for none")
      ->capture_default_str();
  app.add_option("--memory-trace", a.memory_trace,
                 "file for every allocation and free of the first steps, which revunet-trace reads; with --plan those "
                 "of the plan, which has two steps at most");
  app.add_option("--memory-trace-steps", a.memory_trace_steps, "steps to record")->capture_default_str();
  app.add_option(
      "--resume", a.resume,
      "folder of an interrupted run to go on with: its config.toml stands for --config, further options win");
  app.add_option("--init", a.init, "weights (.safetensors) to start from [PyTorch's default initialisation]");
}

namespace {

// config.toml must give the same path back; CLI11's reader takes # for a comment even within quotes.
std::filesystem::path checked_path(const std::string& path, const char* option) {
  REVUNET_EXPECTS(path.find_first_of("#\"\\\n\r") == std::string::npos, UsageError,
                  "[{}] expected a path without #, \", \\ and line breaks, which config.toml cannot hold, got {}; use "
                  "another name or a link",
                  option, path);
  return path;
}

// Before a run folder is made.
void expect_fitting_weights(const std::filesystem::path& init, const UNetConfig& network) {
  const UNetConfig stored = weights_info(io::read_safetensors(init)).config;
  const auto describe = [](const UNetConfig& c) {
    return fmt::format("--model {} --channels {} --encoder-depth {} --decoder-depth {}", name_of(c.kind),
                       fmt::join(c.channels, ","), c.encoder_depth, c.decoder_depth);
  };
  REVUNET_EXPECTS(stored == network, DataError, "[{}] expected weights of {}, got those of {}; train that network",
                  init.string(), describe(network), describe(stored));
}

void resolve_memory(const TrainArguments& a, TrainOptions& o) {
  const ModeChoice choice = mode_choice(a);
  REVUNET_EXPECTS(a.monitor_reconstruction >= 0, UsageError, "[--monitor-reconstruction] expected 0 or more, got {}",
                  a.monitor_reconstruction);
  REVUNET_EXPECTS(
      a.monitor_reconstruction == 0 ||
          (o.network.kind == ModelKind::reversible && choice.activations != Activations::stored),
      UsageError,
      "[--monitor-reconstruction] expected a network that rebuilds activations, got {} with {} activations; "
      "leave it out",
      name_of(o.network.kind), a.activations);
  REVUNET_EXPECTS(
      o.network.kind == ModelKind::reversible || (!choice.activations && !choice.skips), UsageError,
      "[--activations, --skips] expected auto with the baseline, which has no reversible blocks, got {} and "
      "{}; use --model reversible",
      a.activations, a.skips);
  o.mode = {choice.activations.value_or(Activations::reversible), choice.skips.value_or(Skips::reversible)};
  o.optimiser_step = choice.optimiser_step.value_or(OptimiserStep::separate);
  o.monitor_reconstruction = a.monitor_reconstruction;
  if (a.memory_budget == 0) return;
  o.memory_budget = a.memory_budget;
  const MemorySettings chosen = choose_within(o.memory(a.max_steps > 0 ? a.max_steps : 2), choice, a.memory_budget);
  o.mode = chosen.mode;
  o.optimiser_step = chosen.optimiser_step;
}

LearningRateSchedule learning_rate(const TrainArguments& a) {
  REVUNET_EXPECTS(a.learning_rate > 0 && a.learning_rate < 1, UsageError,
                  "[--lr] expected a rate between 0 and 1, got {}", a.learning_rate);
  REVUNET_EXPECTS(a.learning_rate_divisor >= 1 && a.learning_rate_divisor <= 1e6, UsageError,
                  "[--lr-divisor] expected 1 or more, got {}", a.learning_rate_divisor);
  LearningRateSchedule schedule{a.learning_rate, {}, a.learning_rate_divisor};
  if (a.learning_rate_drops == "none") return schedule;
  schedule.drops = parse_list(a.learning_rate_drops, "--lr-drops");
  REVUNET_EXPECTS(std::ranges::is_sorted(schedule.drops, std::less_equal<>()) && schedule.drops.front() >= 1,
                  UsageError, "[--lr-drops] expected epochs from 1 on, ascending, got {}", a.learning_rate_drops);
  return schedule;
}

StoppingRule stopping_rule(const TrainArguments& a) {
  REVUNET_EXPECTS(a.stop_window >= 1 && a.stop_patience >= 0, UsageError,
                  "[--stop-window, --stop-patience] expected at least 1 and 0 epochs, got {} and {}", a.stop_window,
                  a.stop_patience);
  return {a.stop_window, a.stop_patience};
}

SplitOptions split_options(const TrainArguments& a) {
  REVUNET_EXPECTS(a.validation_fraction >= 0 && a.validation_fraction < 1, UsageError,
                  "[--val-fraction] expected a share from 0 up to but not 1, got {}", a.validation_fraction);
  REVUNET_EXPECTS(a.folds == 0 || (a.folds >= 2 && a.fold >= 0 && a.fold < a.folds), UsageError,
                  "[--folds, --fold] expected at least 2 folds and one of them, from 0, got {} and {}", a.folds,
                  a.fold);
  REVUNET_EXPECTS(a.folds == 0 || a.split.empty(), UsageError,
                  "[--folds, --split] expected one of them, got both; leave one out");
  SplitOptions options{a.validation_fraction, a.seed, std::nullopt, checked_path(a.split, "--split")};
  if (a.folds > 0) options.fold = Fold{a.folds, a.fold};
  if (!a.resume.empty())
    options = {a.validation_fraction, a.seed, std::nullopt, std::filesystem::path(a.resume) / "split.json"};
  return options;
}

// Before a run folder is made, in which the trace may be.
void expect_folder_of(const std::filesystem::path& file, const std::filesystem::path& run) {
  namespace fs = std::filesystem;
  const auto folder_of = [](const fs::path& path) {
    return (fs::current_path() / path).lexically_normal().parent_path();
  };
  const fs::path folder = folder_of(file);
  std::error_code error;
  REVUNET_EXPECTS(fs::is_directory(folder, error) || (!run.empty() && folder == folder_of(run / "")), UsageError,
                  "[--memory-trace] expected a file in a folder that exists, or in --out, got {}", file.string());
}

TraceRequest trace_request(const TrainArguments& a) {
  REVUNET_EXPECTS(a.memory_trace_steps >= 1, UsageError, "[--memory-trace-steps] expected at least 1, got {}",
                  a.memory_trace_steps);
  REVUNET_EXPECTS(a.memory_trace.empty() || a.monitor_reconstruction == 0, UsageError,
                  "[--memory-trace] expected a run without --monitor-reconstruction, whose copies no plan has, got "
                  "--monitor-reconstruction {}; leave one of them out",
                  a.monitor_reconstruction);
  REVUNET_EXPECTS(
      a.memory_trace.empty() || a.resume.empty(), UsageError,
      "[--memory-trace] expected a run from its beginning, as plans are of, got --resume; leave one of them out");
  if (!a.memory_trace.empty()) expect_folder_of(a.memory_trace, a.out);
  return {a.memory_trace, a.memory_trace_steps};
}

}  // namespace

ModeChoice mode_choice(const TrainArguments& a) {
  ModeChoice choice;
  if (a.activations != "auto") {
    choice.activations = a.activations == "stored" ? Activations::stored : Activations::reversible;
  }
  if (a.activations == "auto" && a.monitor_reconstruction > 0) choice.activations = Activations::reversible;
  if (a.skips != "auto") choice.skips = a.skips == "stored" ? Skips::stored : Skips::reversible;
  if (a.fused_optimizer) choice.optimiser_step = OptimiserStep::fused;
  return choice;
}

MemorySettings TrainOptions::memory(int64_t steps) const {
  return {.network = network,
          .mode = mode,
          .optimiser_step = optimiser_step,
          .precision = precision,
          .layout = device.layout,
          .size = patch.value_or(size),
          .validation = validates() ? std::optional(size) : std::nullopt,
          .steps = steps};
}

TrainOptions resolve(const TrainArguments& a) {
  TrainOptions o;
  for (const auto& [option, value] : {std::pair{"--data", &a.data}, {"--out", &a.out}}) {
    REVUNET_EXPECTS(a.plan || !value->empty(), UsageError, "{} is required; run revunet-train --help for the options",
                    option);
  }
  o.data = checked_path(a.data, "--data");
  o.resume = !a.resume.empty();
  o.out = checked_path(o.resume ? a.resume : a.out, o.resume ? "--resume" : "--out");
  o.network = default_config(a.model == "reversible" ? ModelKind::reversible : ModelKind::baseline);
  if (!a.channels.empty()) o.network.channels = parse_list(a.channels, "--channels");
  o.network.encoder_depth = a.encoder_depth;
  o.network.decoder_depth = a.decoder_depth;
  REVUNET_EXPECTS(
      o.network.kind == ModelKind::reversible || (a.encoder_depth == 1 && a.decoder_depth == 1), UsageError,
      "[--encoder-depth, --decoder-depth] expected 1 with the baseline, which has no reversible blocks, got "
      "{} and {}; use --model reversible",
      a.encoder_depth, a.decoder_depth);
  check_config(o.network);
  o.size = parse_size(a.size, "--size");
  check_size(o.network, {o.size.begin(), o.size.end()});
  if (a.patch != "full") {
    o.patch = parse_size(a.patch, "--patch");
    check_size(o.network, {o.patch->begin(), o.patch->end()});
    for (size_t i = 0; i < 3; ++i) {
      REVUNET_EXPECTS((*o.patch)[i] <= o.size[i], UsageError, "[--patch] expected a patch within --size {}, got {}",
                      a.size, a.patch);
    }
  }
  REVUNET_EXPECTS(a.epochs >= 1 && a.epochs <= kMostEpochs, UsageError, "[--epochs] expected 1 to {}, got {}",
                  kMostEpochs, a.epochs);
  REVUNET_EXPECTS(a.max_steps >= 0, UsageError, "[--max-steps] expected 0 or more, got {}", a.max_steps);
  REVUNET_EXPECTS(a.validate_every >= 1, UsageError, "[--validate-every] expected at least 1, got {}",
                  a.validate_every);
  REVUNET_EXPECTS(a.threads >= 0, UsageError, "[--threads] expected 0 or more, got {}", a.threads);
  o.epochs = a.epochs;
  o.max_steps = a.max_steps;
  o.validate_every = a.validate_every;
  o.learning_rate = learning_rate(a);
  REVUNET_EXPECTS(a.weight_decay >= 0 && a.weight_decay < 1, UsageError,
                  "[--weight-decay] expected 0 or more, below 1, got {}", a.weight_decay);
  o.weight_decay = a.weight_decay;
  o.stopping = stopping_rule(a);
  o.split = split_options(a);
  REVUNET_EXPECTS(o.stopping.patience == 0 || o.validates(), UsageError,
                  "[--stop-patience] expected 0 without validation cases, got {}; keep some with --val-fraction",
                  o.stopping.patience);
  o.seed = a.seed;
  o.threads = a.threads > 0 ? a.threads : available_cpu_threads();
  o.precision = parse_precision(a.precision);
  check_operands(o.network, operands_of(o.precision));
  o.device = resolve(a.device, a.plan);
  checked_path(a.device.plan_cache, "--plan-cache");
  o.init = checked_path(a.init, "--init");
  if (!o.init.empty() && !a.plan && !o.resume) expect_fitting_weights(o.init, o.network);
  set_cpu_threads(o.threads);  // the plan's workspaces are those of this number
  resolve_memory(a, o);
  o.trace = trace_request(a);
  return o;
}

std::string to_toml(const TrainOptions& o) {
  std::string text;
  const auto line = [&](const char* key, const auto& value) { text += fmt::format("{} = {}\n", key, value); };
  const auto quoted = [](const std::string& value) { return '"' + value + '"'; };
  const auto list = [&](const auto& values) { return quoted(fmt::format("{}", fmt::join(values, ","))); };
  line("data", quoted(o.data.string()));
  line("out", quoted(o.out.string()));
  line("model", quoted(name_of(o.network.kind)));
  line("channels", list(o.network.channels));
  line("encoder-depth", o.network.encoder_depth);
  line("decoder-depth", o.network.decoder_depth);
  line("size", list(o.size));
  line("patch", o.patch ? list(*o.patch) : quoted("full"));
  line("epochs", o.epochs);
  line("max-steps", o.max_steps);
  line("lr", o.learning_rate.initial);
  line("lr-drops", o.learning_rate.drops.empty() ? quoted("none") : list(o.learning_rate.drops));
  line("lr-divisor", o.learning_rate.divisor);
  line("weight-decay", o.weight_decay);
  line("stop-patience", o.stopping.patience);
  line("stop-window", o.stopping.window);
  line("val-fraction", o.split.validation_fraction);
  if (o.split.fold) {
    line("folds", o.split.fold->count);
    line("fold", o.split.fold->index);
  }
  if (!o.split.file.empty()) line("split", quoted(o.split.file.string()));
  line("validate-every", o.validate_every);
  line("seed", o.seed);
  line("threads", o.threads);
  line("device", quoted(o.device.name()));
  if (o.device.memory_limit) line("memory-limit", *o.device.memory_limit);
  if (o.device.kind == DeviceKind::cuda) {
    line("conv-workspace", o.device.layout.convolution_workspace);
    line("strict-fp32", o.device.arithmetic.strict_fp32);
    line("deterministic", o.device.arithmetic.deterministic);
    if (!o.device.plan_cache.empty()) line("plan-cache", quoted(o.device.plan_cache.string()));
  }
  line("precision", quoted(name_of(o.precision)));
  if (o.network.kind == ModelKind::reversible) {
    line("activations", quoted(name_of(o.mode.activations)));
    line("skips", quoted(name_of(o.mode.skips)));
  }
  line("fused-optimizer", o.optimiser_step == OptimiserStep::fused);
  line("monitor-reconstruction", o.monitor_reconstruction);
  if (!o.init.empty()) line("init", quoted(o.init.string()));
  return text;
}

}  // namespace revunet::tools

#include "tools/train/resolve_options.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "engine/device.h"
#include "io/nifti/volume_size.h"
#include "io/text/parse_list.h"
#include "io/text/utf8.h"
#include "models/precision.h"
#include "tools/common/cpu_threads.h"
#include "tools/common/option_range.h"
#include "tools/common/patients_option.h"

namespace revunet::tools {

namespace {

constexpr int64_t kMostEpochs = 1'000'000;  // epochs; far beyond use, and times any number of cases no overflow

constexpr double kLeastRate = std::numeric_limits<float>::min();

// config.toml, which is UTF-8, must give the same path back.
std::filesystem::path checked_path(const std::string& path, const char* option) {
  REVUNET_EXPECTS(io::is_utf8(path), UsageError,
                  "[{}] expected a path in UTF-8, as config.toml is, got {}; use another name or a link", option, path);
  return path;
}

// The same from wherever a run is resumed.
std::filesystem::path absolute_path(const std::string& path, const char* option) {
  const std::filesystem::path checked = checked_path(path, option);
  return checked.empty() ? checked : std::filesystem::absolute(checked).lexically_normal();
}

// A file is the same one from wherever a run is resumed; an expression stays as it is.
std::string checked_patients(const std::string& text) {
  return io::is_patients_file(text) ? absolute_path(text, "--patients").string()
                                    : checked_path(text, "--patients").string();
}

void resolve_memory(const TrainArguments& a, TrainOptions& o) {
  const ModeChoice choice = mode_choice(a);
  expect_range<int64_t>("--monitor-reconstruction", a.monitor_reconstruction, 0, kMostCounted);
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
  check_extras(o.network, o.optimiser_step, o.extras);
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
  schedule.drops = io::parse_list(a.learning_rate_drops, "--lr-drops");
  REVUNET_EXPECTS(std::ranges::is_sorted(schedule.drops, std::less_equal<>()) && schedule.drops.front() >= 1,
                  UsageError, "[--lr-drops] expected epochs from 1 on, ascending, got {}", a.learning_rate_drops);
  return schedule;
}

StoppingRule stopping_rule(const TrainArguments& a) {
  expect_range<int64_t>("--stop-window", a.stop_window, 1, kMostCounted);
  expect_range<int64_t>("--stop-patience", a.stop_patience, 0, kMostCounted);
  return {a.stop_window, a.stop_patience};
}

SplitOptions split_options(const TrainArguments& a) {
  REVUNET_EXPECTS(a.validation_fraction >= 0 && a.validation_fraction < 1, UsageError,
                  "[--val-fraction] expected a share from 0 up to but not 1, got {}", a.validation_fraction);
  expect_range<int64_t>("--folds", a.folds, 0, kMostCounted);
  REVUNET_EXPECTS(a.folds == 0 || (a.folds >= 2 && a.fold >= 0 && a.fold < a.folds), UsageError,
                  "[--folds, --fold] expected at least 2 folds and one of them, from 0, got {} and {}", a.folds,
                  a.fold);
  REVUNET_EXPECTS(a.folds == 0 || a.split.empty(), UsageError,
                  "[--folds, --split] expected one of them, got both; leave one out");
  SplitOptions options{a.validation_fraction, a.seed, std::nullopt, absolute_path(a.split, "--split"),
                       patients_of_option(checked_patients(a.patients))};
  if (a.folds > 0) options.fold = Fold{a.folds, a.fold};
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
  expect_range<int64_t>("--memory-trace-steps", a.memory_trace_steps, 1, kMostCounted);
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

std::optional<AugmentationRanges> augmentation(const TrainArguments& a) {
  if (a.augment == "none") return std::nullopt;
  AugmentationRanges ranges{
      .rotation = a.rotation, .deformation = a.deformation, .flip = a.flip, .intensity_shift = a.intensity_shift};
  ranges.strong = a.augment == "strong";
  const std::vector<double> factors = io::parse_numbers(a.scaling, "--scaling");
  REVUNET_EXPECTS(factors.size() == 2, UsageError, "[--scaling] expected two factors, as 0.9,1.1, got {}", a.scaling);
  ranges.scale_low = factors[0];
  ranges.scale_high = factors[1];
  check_augmentation(ranges);
  return ranges;
}

void resolve_network(const TrainArguments& a, TrainOptions& o) {
  o.network = default_config(a.model == "reversible" ? ModelKind::reversible : ModelKind::baseline);
  if (!a.channels.empty()) o.network.channels = io::parse_list(a.channels, "--channels");
  o.network.encoder_depth = a.encoder_depth;
  o.network.decoder_depth = a.decoder_depth;
  REVUNET_EXPECTS(
      o.network.kind == ModelKind::reversible || (a.encoder_depth == 1 && a.decoder_depth == 1), UsageError,
      "[--encoder-depth, --decoder-depth] expected 1 with the baseline, which has no reversible blocks, got "
      "{} and {}; use --model reversible",
      a.encoder_depth, a.decoder_depth);
  check_config(o.network);
  o.size = io::parse_size(a.size, "--size");
  check_size(o.network, {o.size.begin(), o.size.end()});
  if (a.patch != "full") {
    o.patch = io::parse_size(a.patch, "--patch");
    check_size(o.network, {o.patch->begin(), o.patch->end()});
    for (size_t i = 0; i < 3; ++i) {
      REVUNET_EXPECTS((*o.patch)[i] <= o.size[i], UsageError, "[--patch] expected a patch within --size {}, got {}",
                      a.size, a.patch);
    }
  }
}

// What of each case is trained on, and how its reading is shared.
void resolve_samples(const TrainArguments& a, TrainOptions& o) {
  REVUNET_EXPECTS(a.foreground >= 0 && a.foreground <= 1, UsageError,
                  "[--foreground] expected a share from 0 to 1, got {}", a.foreground);
  o.foreground = a.foreground;
  o.augmentation = augmentation(a);
  expect_range<int64_t>("--loader-threads", a.loader_threads, 1, 256);
  o.loader_threads = a.loader_threads;
  o.cache = absolute_path(a.cache, "--cache");
}

void resolve_schedule(const TrainArguments& a, TrainOptions& o) {
  expect_range<int64_t>("--epochs", a.epochs, 1, kMostEpochs);
  expect_range<int64_t>("--max-steps", a.max_steps, 0, kMostCounted);
  expect_range<int64_t>("--validate-every", a.validate_every, 1, kMostCounted);
  o.epochs = a.epochs;
  o.max_steps = a.max_steps;
  o.validate_every = a.validate_every;
  o.learning_rate = learning_rate(a);
  REVUNET_EXPECTS(
      o.learning_rate.rate(o.epochs) >= kLeastRate, UsageError,
      "[--lr, --lr-drops, --lr-divisor] expected a learning rate of at least {:.1g} in every epoch, below which no "
      "weight moves, got {:g} in epoch {}; use fewer drops or a smaller divisor",
      kLeastRate, o.learning_rate.rate(o.epochs), o.epochs);
  REVUNET_EXPECTS(a.weight_decay >= 0 && a.weight_decay < 1, UsageError,
                  "[--weight-decay] expected 0 or more, below 1, got {}", a.weight_decay);
  o.weight_decay = a.weight_decay;
  o.stopping = stopping_rule(a);
  o.split = split_options(a);
  expect_validation(o.stopping, o.validates());
}

}  // namespace

void expect_validation(const StoppingRule& rule, bool validates) {
  REVUNET_EXPECTS(rule.patience == 0 || validates, UsageError,
                  "[--stop-patience] expected 0 without validation cases that have a tumour, got {}; keep some with "
                  "--val-fraction",
                  rule.patience);
}

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

TrainOptions resolve(const TrainArguments& a) {
  TrainOptions o;
  for (const auto& [option, value] : {std::pair{"--data", &a.data}, {"--out", &a.out}}) {
    REVUNET_EXPECTS(a.plan || !value->empty(), UsageError, "{} is required; run revunet-train --help for the options",
                    option);
  }
  o.data = absolute_path(a.data, "--data");
  o.resume = !a.resume.empty();
  o.out = checked_path(o.resume ? a.resume : a.out, o.resume ? "--resume" : "--out");
  o.labels = a.labels;
  o.background = io::parse_background(a.background);
  o.patients = checked_patients(a.patients);
  o.check = a.check;
  resolve_network(a, o);
  resolve_samples(a, o);
  o.extras = {a.accumulate, a.cross_entropy, a.dropout, a.clip_gradients, a.ema};
  resolve_schedule(a, o);
  o.seed = a.seed;
  o.threads = threads_of_option(a.threads);
  o.precision = parse_precision(a.precision);
  check_operands(o.network, operands_of(o.precision));
  o.device = resolve(a.device, a.plan);
  checked_path(a.device.plan_cache, "--plan-cache");
  o.init = absolute_path(a.init, "--init");
  // The plan's workspaces are those of this number; a plan alone starts none of them.
  a.plan ? set_cpu_threads(o.threads) : use_cpu_threads(o.threads);
  resolve_memory(a, o);
  o.trace = trace_request(a);
  expect_range<int64_t>("--previews", a.previews, 0, kMostCounted);
  o.tensorboard = !a.no_tensorboard;
  o.previews = a.previews;
  return o;
}

}  // namespace revunet::tools

// The options of revunet-train as typed: on the command line, in a TOML file, or both (the command line wins).
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "tools/common/config_file.h"
#include "tools/common/device_options.h"

namespace revunet::tools {

// As typed: empty means the default, which can depend on other options.
struct TrainArguments {
  std::string data, out, cache, model = "reversible", channels, size = "160,192,160", patch = "full", init;
  int64_t encoder_depth = 1, decoder_depth = 1, epochs = 100, max_steps = 0, validate_every = 1;
  double learning_rate = 1e-4, learning_rate_divisor = 5, weight_decay = 1e-5, validation_fraction = 0.2;
  std::string learning_rate_drops = "250,400,550", split;
  int64_t folds = 0, fold = 0, stop_window = 30, stop_patience = 0;
  std::string protocol = "none", augment = "none", scaling = "0.9,1.1";
  double foreground = 0.5, rotation = 15, deformation = 10, flip = 0.5, intensity_shift = 0.1;
  int64_t accumulate = 1;
  double cross_entropy = 0, dropout = 0, clip_gradients = 0, ema = 0;
  uint64_t seed = 0;
  int threads = 0;
  int64_t loader_threads = 2;
  DeviceArguments device;
  std::string labels, background = "0", patients, check = "full", precision = "fp32", activations = "auto",
                      skips = "auto";
  bool fused_optimizer = false, plan = false;
  uint64_t memory_budget = 0;  // bytes; 0 for none
  int64_t monitor_reconstruction = 0;
  std::string memory_trace, resume;
  bool no_tensorboard = false;
  int64_t previews = 3;
  int64_t memory_trace_steps = 3;

  bool operator==(const TrainArguments&) const = default;
};

// Declares the options on `app`, which fills `arguments` when it parses.
void add_train_options(CLI::App& app, TrainArguments& arguments);

// Sets what the command line, which `app` has parsed, left open: by the file of --config or, with --resume, by the
// run's own config.toml. UsageError where there is no such run, and as ConfigFile.
std::optional<ConfigFile> read_configuration(CLI::App& app, const TrainArguments& arguments);

}  // namespace revunet::tools

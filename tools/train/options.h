// What a training run is asked to do: the command line, a TOML file, or both (the command line wins).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "io/preprocessing.h"
#include "tools/common/device_options.h"
#include "tools/plan/choice.h"
#include "tools/trace/recorder.h"
#include "tools/train/early_stopping.h"
#include "tools/train/learning_rate.h"
#include "tools/train/split.h"

namespace revunet::tools {

// As typed: empty means the default, which can depend on other options.
struct TrainArguments {
  std::string data, out, model = "reversible", channels, size = "160,192,160", patch = "full", init;
  int64_t encoder_depth = 1, decoder_depth = 1, epochs = 100, max_steps = 0, validate_every = 1;
  double learning_rate = 1e-4, learning_rate_divisor = 5, weight_decay = 1e-5, validation_fraction = 0.2;
  std::string learning_rate_drops = "250,400,550", split;
  int64_t folds = 0, fold = 0, stop_window = 30, stop_patience = 0;
  uint64_t seed = 0;
  int threads = 0;
  DeviceArguments device;
  std::string precision = "fp32", activations = "auto", skips = "auto";
  bool fused_optimizer = false, plan = false;
  uint64_t memory_budget = 0;  // bytes; 0 for none
  int64_t monitor_reconstruction = 0;
  std::string memory_trace, resume;
  int64_t memory_trace_steps = 3;
};

// Declares the options on `app`, which fills `arguments` when it parses.
void add_train_options(CLI::App& app, TrainArguments& arguments);

// Resolved and checked: what the run does.
struct TrainOptions {
  std::filesystem::path data, out;
  UNetConfig network;
  io::Size3 size{};                // field of view (x, y, z) that cases are cropped or padded to
  std::optional<io::Size3> patch;  // none: the whole field of view
  int64_t epochs = 0;
  int64_t max_steps = 0;       // 0: no limit
  int64_t validate_every = 1;  // epochs
  LearningRateSchedule learning_rate;
  double weight_decay = 0;
  StoppingRule stopping;
  SplitOptions split;
  uint64_t seed = 0;
  int threads = 0;
  DeviceOptions device;
  std::filesystem::path init;  // empty: PyTorch's default initialisation
  Precision precision = Precision::fp32;
  MemoryMode mode;
  OptimiserStep optimiser_step = OptimiserStep::separate;
  std::optional<size_t> memory_budget;  // bytes
  int64_t monitor_reconstruction = 0;   // steps between checks; 0: none
  TraceRequest trace;
  bool resume = false;  // the run in `out`

  // Whether some cases may be kept for validation.
  bool validates() const { return split.fold || !split.file.empty() || split.validation_fraction > 0; }
  // What the plan of a run of so many steps asks for.
  MemorySettings memory(int64_t steps) const;
};

// The modes that the arguments leave open.
ModeChoice mode_choice(const TrainArguments& arguments);

// Sets the number of CPU threads. Throws UsageError for values that make no sense, with what would, and for a budget
// that nothing fits; DataError for init weights of another network. With arguments.plan, data and out may be empty.
TrainOptions resolve(const TrainArguments& arguments);

// The run's effective configuration as TOML, which --config reads back.
std::string to_toml(const TrainOptions& options);

}  // namespace revunet::tools

// bench-step times whole training steps of the networks. Variants take turns in one process.
#include <algorithm>
#include <deque>
#include <iostream>
#include <map>

#include "bench/common/command_line.h"
#include "bench/common/run_description.h"
#include "bench/step/op_times.h"
#include "bench/step/step_tables.h"
#include "io/nifti/volume_size.h"
#include "models/networks.h"
#include "models/precision.h"

namespace revunet::bench {

namespace {

// The first step compiles primitives, reserves memory and makes the optimiser's state.
constexpr int kWarmUpSteps = 1;

// Returns the network whose modes and precisions are variants: the first that has them.
const NetworkRow& network_of_modes() {
  return *std::ranges::find_if(networks(), &NetworkRow::reversible_blocks);
}

// Returns the networks. The one that has modes and precisions has these after it.
std::vector<std::string> variant_names() {
  std::vector<std::string> names;
  for (const NetworkRow& network : networks()) {
    names.emplace_back(network.name);
    if (network.kind == network_of_modes().kind)
      names.insert(names.end(), {"stored-skips", "stored", "slabs", "mixed", "bf16"});
  }
  return names;
}

std::map<ModelKind, std::vector<int64_t>> default_channels() {
  std::map<ModelKind, std::vector<int64_t>> channels;
  for (const NetworkRow& network : networks()) channels[network.kind] = network.channels;
  return channels;
}

struct Options {
  std::vector<std::string> models = variant_names();
  std::vector<std::string> sizes = {"64,64,64"};
  std::map<ModelKind, std::vector<int64_t>> channels = default_channels();
  int64_t encoder_depth = 1, decoder_depth = 1;
  std::vector<int> threads = {available_cpu_threads()};
  int steps = 5;
  bool rounds_from_stdin = false, op_times = false;
  Precision precision = Precision::fp32;
  std::string json;
  DeviceOptions device = device_of("auto");
};

MemoryMode mode_of(const std::string& name) {
  if (name == "stored") return {Activations::stored, Skips::stored};
  if (name == "slabs") return {.finest = FinestLevel::slabs};
  return {Activations::reversible, name == "stored-skips" ? Skips::stored : Skips::reversible};
}

Variant make_variant(const Options& options, const std::string& name, const std::string& size, int threads) {
  const std::vector<std::string> names = variant_names();
  REVUNET_EXPECTS(std::ranges::find(names, name) != names.end(), UsageError, "[--models] expected some of {}, got {}",
                  fmt::join(names, ", "), name);
  const NetworkRow* named = find_network(name);  // other names are modes and precisions
  const NetworkRow& network = named ? *named : network_of_modes();
  UNetConfig config = default_config(network.kind);
  config.channels = options.channels.at(network.kind);
  if (network.reversible_blocks) {
    config.encoder_depth = options.encoder_depth;
    config.decoder_depth = options.decoder_depth;
  }
  const auto [x, y, z] = io::parse_size(size, "--sizes").axes();
  return {.name = name,
          .model = config,
          .mode = mode_of(name),
          .precision = name == "bf16"    ? Precision::bf16
                       : name == "mixed" ? Precision::mixed
                                         : options.precision,
          .size = {x, y, z},
          .threads = threads,
          .device = options.device};
}

void run_round(std::vector<Measured>& variants) {
  for (Measured& m : variants) m.rounds.push_back(m.run.step());
}

// Runs one round for every line of input, and prints its seconds as one line of JSON, until the input ends. So another
// program can take turns with this one, without the cost of a start and a warm-up each time.
void run_rounds_from_stdin(std::vector<Measured>& variants) {
  fmt::print("ready\n");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    run_round(variants);
    Json seconds = Json::array();
    for (const Measured& m : variants) seconds.push_back(m.rounds.back().total());
    fmt::print("{}\n", seconds.dump());
    std::fflush(stdout);
  }
  REVUNET_EXPECTS(!variants.front().rounds.empty(), UsageError,
                  "[--rounds-from-stdin] expected at least one line, got none");
}

void run(const Options& options, Json json) {
  std::deque<TrainingRun> runs;  // a device must not move
  for (const std::string& size : options.sizes) {
    for (const int threads : options.threads) {
      for (const std::string& name : options.models) runs.emplace_back(make_variant(options, name, size, threads));
    }
  }
  std::vector<Measured> variants;
  for (TrainingRun& run : runs) {
    for (int i = 0; i < kWarmUpSteps; ++i) run.step();
    run.reset_memory_peak();
    variants.push_back({run, {}});
  }
  if (options.rounds_from_stdin) {
    run_rounds_from_stdin(variants);
  } else {
    for (int round = 0; round < options.steps; ++round) run_round(variants);
    print_tables(variants);
  }
  Json op_times = Json::array();
  if (options.op_times) {
    for (Measured& m : variants) op_times.push_back(report_op_times(m.run));
  }
  if (options.json.empty()) return;
  json["variants"] = to_json(variants);
  if (options.op_times) json["op_times"] = op_times;
  write_json(options.json, json);
}

std::vector<Argument> arguments_of(Options& options) {
  std::vector<Argument> arguments = machine_arguments(options.precision, options.device);
  const std::vector<Argument> own = {
      words("models", options.models,
            fmt::format("some of {}: networks, and the reversible one with stored-skips, with all stored and nothing "
                        "rebuilt, with the finest level in slabs, or in mixed precision or bf16 [all]",
                        fmt::join(variant_names(), ", "))),
      texts("sizes", options.sizes, "X,Y,Z of the image, several separated by spaces [64,64,64]"),
      count("encoder-depth", options.encoder_depth, "reversible blocks per level"),
      count("decoder-depth", options.decoder_depth, "reversible blocks per level"),
      counts("threads", options.threads, "threads of the kernels, one or several counts"),
      count("steps", options.steps, "timed steps per variant, after one for warming up [5]"),
      flag("op-times", options.op_times,
           "on CUDA, run one more step of each variant and print what its ops took on the device"),
      flag("rounds-from-stdin", options.rounds_from_stdin,
           "run a step of each variant for every line read, and print their seconds as a line of JSON"),
      text("json", options.json, "write the results to this file too")};
  arguments.insert(arguments.end(), own.begin(), own.end());
  for (auto& [kind, channels] : options.channels) {
    const bool has_modes = kind == network_of_modes().kind;
    arguments.push_back(counts(has_modes ? "channels" : fmt::format("{}-channels", name_of(kind)), channels,
                               fmt::format("channels per level of the {} network, finest first", name_of(kind))));
  }
  return arguments;
}

}  // namespace

}  // namespace revunet::bench

int main(int argc, char** argv) {
  using namespace revunet;
  bench::Options options;
  return bench::run_benchmark(argc, argv,
                              "Times whole training steps (forward, Dice loss, backward, Adam) at a batch of 1. "
                              "Variants take turns, a step each\n"
                              "per round, so that noise hits all alike; all of them stay in memory.",
                              bench::arguments_of(options),
                              [&] { bench::run(options, bench::describe_run(argc, argv)); });
}

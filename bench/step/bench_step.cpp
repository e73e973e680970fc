// bench-step times whole training steps of the networks. Variants take turns in one process.
#include <algorithm>
#include <deque>

#include "bench/common/network_options.h"
#include "bench/common/rounds.h"
#include "bench/common/run_description.h"
#include "bench/step/op_times.h"
#include "bench/step/step_tables.h"
#include "io/nifti/volume_size.h"

namespace revunet::bench {

namespace {

// The first step compiles primitives, reserves memory and makes the optimiser's state.
constexpr int kWarmUpSteps = 1;

// Returns the name of the variant of a network without precisions that checkpoints its activations.
std::string checkpointed_name(const NetworkRow& network) {
  return fmt::format("{}-checkpointed", network.name);
}

// Returns the networks. The one that has precisions has its modes and these after it, and others have their one further
// mode.
std::vector<std::string> variant_names() {
  std::vector<std::string> names;
  for (const NetworkRow& network : networks()) {
    names.emplace_back(network.name);
    if (network.kind == network_of_modes().kind) {
      names.insert(names.end(), {"stored-skips", "stored", "checkpointed", "slabs", "mixed", "bf16"});
    } else {
      names.push_back(checkpointed_name(network));
    }
  }
  return names;
}

// Returns the network that a variant is of. Names that are no network's are modes and precisions.
const NetworkRow& network_named(const std::string& name) {
  for (const NetworkRow& network : networks()) {
    if (name == network.name || name == checkpointed_name(network)) return network;
  }
  return network_of_modes();
}

struct Options {
  std::vector<std::string> models = variant_names();
  std::vector<std::string> sizes = {"64,64,64"};
  NetworkOptions networks;
  std::vector<int> threads = {available_cpu_threads()};
  RoundOptions rounds;
  bool op_times = false;
  Precision precision = Precision::fp32;
  std::string json;
  DeviceOptions device = device_of("auto");
};

MemoryMode mode_of(const std::string& name) {
  if (name == "stored") return {Activations::stored, Skips::stored};
  if (name.ends_with("checkpointed")) return {Activations::checkpointed, Skips::stored};
  if (name == "slabs") return {.finest = FinestLevel::slabs};
  return {Activations::reversible, name == "stored-skips" ? Skips::stored : Skips::reversible};
}

Variant make_variant(const Options& options, const std::string& name, const std::string& size, int threads) {
  const std::vector<std::string> names = variant_names();
  REVUNET_EXPECTS(std::ranges::find(names, name) != names.end(), UsageError, "[--models] expected some of {}, got {}",
                  fmt::join(names, ", "), name);
  const NetworkRow& network = network_named(name);
  const auto [x, y, z] = io::parse_size(size, "--sizes").axes();
  return {.name = name,
          .model = options.networks.config_of(network),
          .mode = mode_of(name),
          .precision = name == "bf16"    ? Precision::bf16
                       : name == "mixed" ? Precision::mixed
                                         : options.precision,
          .size = {x, y, z},
          .threads = threads,
          .device = options.device};
}

// Returns the seconds of each variant's step.
std::vector<double> run_round(std::vector<Measured>& variants) {
  std::vector<double> seconds;
  for (Measured& m : variants) {
    m.rounds.push_back(m.run.step());
    seconds.push_back(m.rounds.back().total());
  }
  return seconds;
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
  run_rounds(options.rounds, [&] { return run_round(variants); });
  if (!options.rounds.from_stdin) print_tables(variants);
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
                        "rebuilt, with checkpointed activations, with the finest level in slabs, or in mixed "
                        "precision or bf16; and the baseline with checkpointed activations [all]",
                        fmt::join(variant_names(), ", "))),
      texts("sizes", options.sizes, "X,Y,Z of the image, several separated by spaces [64,64,64]"),
      counts("threads", options.threads, "threads of the kernels, one or several counts"),
      flag("op-times", options.op_times,
           "on CUDA, run one more step of each variant and print what its ops took on the device"),
      text("json", options.json, "write the results to this file too")};
  for (const std::vector<Argument>& more :
       {own, round_arguments("steps", "timed steps per variant, after one for warming up [5]", options.rounds),
        network_arguments(options.networks)}) {
    arguments.insert(arguments.end(), more.begin(), more.end());
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

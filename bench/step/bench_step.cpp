// bench-step: whole training steps of the networks, variants taking turns in one process.
#include <deque>
#include <iostream>

#include "bench/common/run_description.h"
#include "bench/step/op_times.h"
#include "bench/step/report.h"
#include "io/nifti/volume_size.h"
#include "models/networks.h"
#include "models/precision.h"
#include "tools/common/precision_option.h"
#include "tools/common/tool_main.h"

namespace revunet::bench {

namespace {

// The first step compiles primitives, reserves memory and makes the optimiser's state.
constexpr int kWarmUpSteps = 1;

struct Options {
  std::vector<std::string> models = {"reversible", "stored-skips", "stored", "mixed", "bf16", "baseline"};
  std::vector<std::string> sizes = {"64,64,64"};
  std::vector<int64_t> channels = default_config(ModelKind::reversible).channels;
  std::vector<int64_t> baseline_channels = default_config(ModelKind::baseline).channels;
  int64_t encoder_depth = 1, decoder_depth = 1;
  std::vector<int> threads = {available_cpu_threads()};
  int steps = 5;
  bool rounds_from_stdin = false, op_times = false;
  std::string precision = name_of(Precision::fp32), json;
  tools::DeviceArguments device;
};

MemoryMode mode_of(const std::string& name) {
  if (name == "stored") return {Activations::stored, Skips::stored};
  return {Activations::reversible, name == "stored-skips" ? Skips::stored : Skips::reversible};
}

Variant make_variant(const Options& options, const std::string& name, const std::string& size, int threads) {
  const NetworkRow* named = find_network(name);  // other names are modes and precisions of the reversible one
  const NetworkRow& network = named ? *named : network_of(ModelKind::reversible);
  UNetConfig config = default_config(network.kind);
  config.channels = network.reversible_blocks ? options.channels : options.baseline_channels;
  if (network.reversible_blocks) {
    config.encoder_depth = options.encoder_depth;
    config.decoder_depth = options.decoder_depth;
  }
  const auto [x, y, z] = io::parse_size(size, "--sizes").axes();
  return {.name = name,
          .model = config,
          .mode = mode_of(name),
          .precision = parse_precision(name == "bf16" || name == "mixed" ? name : options.precision),
          .size = {x, y, z},
          .threads = threads,
          .device = tools::resolve(options.device)};
}

void run_round(std::vector<Measured>& variants) {
  for (Measured& m : variants) m.rounds.push_back(m.run.step());
}

// One round for every line that comes in, its seconds going out in one line of JSON, until the input ends. Another
// program can take turns with this one so, without our paying for a start and a warm-up each time.
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
  std::deque<TrainingRun> runs;  // a device stays where it is
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
    print_report(variants);
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

void add_options(CLI::App& app, Options& options) {
  app.add_option("--models", options.models,
                 "reversible; the same network with stored-skips, with all stored and nothing rebuilt, or in mixed "
                 "precision or bf16; baseline")
      ->delimiter(',')
      ->check(CLI::IsMember({"reversible", "stored-skips", "stored", "mixed", "bf16", "baseline"}))
      ->capture_default_str();
  app.add_option("--sizes", options.sizes, "X,Y,Z of the image, several apart by spaces")->capture_default_str();
  app.add_option("--channels", options.channels, "Channels a level of reversible and stored, finest first")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--baseline-channels", options.baseline_channels, "The same of the baseline")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--encoder-depth", options.encoder_depth, "Reversible blocks a level")->capture_default_str();
  app.add_option("--decoder-depth", options.decoder_depth, "Reversible blocks a level")->capture_default_str();
  app.add_option("--threads", options.threads, "Threads of the kernels, one or several counts")
      ->delimiter(',')
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--steps", options.steps, "Timed steps a variant, after one for warming up")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  tools::add_precision_option(app, options.precision);
  tools::add_device_options(app, options.device);
  app.add_flag("--op-times", options.op_times,
               "On CUDA, run one more step of each variant and print what its ops took on the device");
  app.add_flag("--rounds-from-stdin", options.rounds_from_stdin,
               "Run a step of each variant for every line read, and print their seconds as a line of JSON");
  app.add_option("--json", options.json, "Write the results to this file too");
}

}  // namespace

}  // namespace revunet::bench

int main(int argc, char** argv) {
  using namespace revunet;
  bench::Options options;
  CLI::App app(
      "Times whole training steps (forward, Dice loss, backward, Adam) at a batch of 1. Variants take\n"
      "turns, a step each a round, so that noise hits all alike; all of them stay in memory.",
      "bench-step");
  bench::add_options(app, options);
  return tools::run_tool(app, argc, argv, [&] { bench::run(options, bench::describe_run(argc, argv)); });
}

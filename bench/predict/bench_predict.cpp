// bench-predict times a network's forward pass over a whole volume, as in prediction. Variants take turns in one
// process.
#include <deque>

#include "bench/common/network_options.h"
#include "bench/common/rounds.h"
#include "bench/common/run_description.h"
#include "bench/common/table.h"
#include "bench/predict/prediction_run.h"
#include "engine/memory/allocation_table.h"
#include "io/nifti/volume_size.h"

namespace revunet::bench {

namespace {

// The first pass compiles primitives and reserves memory.
constexpr int kWarmUpPasses = 1;

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const NetworkRow& network : networks()) names.emplace_back(network.name);
  return names;
}

struct Options {
  std::vector<std::string> models = all_names();
  std::vector<std::string> sizes = {"160,192,160"};
  NetworkOptions networks;
  std::vector<int> threads = {available_cpu_threads()};
  RoundOptions rounds;
  Precision precision = Precision::fp32;
  std::string json;
  DeviceOptions device = device_of("auto");
};

// A Timed is one variant with its passes: rounds[i] ran in round i, next to every other variant's.
struct Timed {
  PredictionRun& run;
  std::vector<PassSeconds> rounds;
};

using Phase = double PassSeconds::*;

Summary seconds(const Timed& t, Phase phase) {
  std::vector<double> values;
  for (const PassSeconds& s : t.rounds) values.push_back(s.*phase);
  return summarise(std::move(values));
}

std::vector<double> totals(const Timed& t) {
  std::vector<double> values;
  for (const PassSeconds& s : t.rounds) values.push_back(s.total());
  return values;
}

Variant make_variant(const Options& options, const std::string& name, const std::string& size, int threads) {
  const NetworkRow* const network = find_network(name);
  REVUNET_EXPECTS(network, UsageError, "[--models] expected some of {}, got {}", fmt::join(all_names(), ", "), name);
  REVUNET_EXPECTS(network->reversible_blocks || options.precision != Precision::mixed, UsageError,
                  "[--precision] expected fp32 or bf16 for the network {}, got mixed; name others in --models", name);
  const auto [x, y, z] = io::parse_size(size, "--sizes").axes();
  return {.name = name,
          .model = options.networks.config_of(*network),
          .mode = {},
          .precision = options.precision,
          .size = {x, y, z},
          .threads = threads,
          .device = options.device};
}

// Returns the seconds of each variant's pass.
std::vector<double> run_round(std::vector<Timed>& variants) {
  std::vector<double> seconds;
  for (Timed& t : variants) {
    t.rounds.push_back(t.run.pass());
    seconds.push_back(t.rounds.back().total());
  }
  return seconds;
}

void print_table(const std::vector<Timed>& variants) {
  Table table({"model", "precision", "size", "threads", "s/pass", "min", "max", "input", "output", "CPU s",
               "MiB allocated", "MiB reserved"});
  for (const Timed& t : variants) {
    const Variant& v = t.run.variant();
    const MemoryStats& memory = t.run.device().allocator().stats();
    const Summary forward = summarise(totals(t));
    const auto s = [](double value) { return fmt::format("{:.3f}", value); };
    table.add_row({v.name, name_of(v.precision), fmt::format("{}", fmt::join(v.size, "x")), std::to_string(v.threads),
                   s(forward.median), s(forward.minimum), s(forward.maximum), s(seconds(t, &PassSeconds::input).median),
                   s(seconds(t, &PassSeconds::output).median), s(seconds(t, &PassSeconds::cpu).median),
                   fmt::format("{:.1f}", mib(memory.peak_allocated)),
                   fmt::format("{:.1f}", mib(memory.peak_reserved))});
  }
  fmt::print("{}", table.to_string());
}

Json to_json(const std::vector<Timed>& variants) {
  Json list = Json::array();
  for (const Timed& t : variants) {
    Json json = describe(t.run.variant(), t.run.model(), t.run.device_description());
    json.update({{"seconds", bench::to_json(summarise(totals(t)))},
                 {"seconds_by_phase",
                  {{"input", bench::to_json(seconds(t, &PassSeconds::input))},
                   {"forward", bench::to_json(seconds(t, &PassSeconds::forward))},
                   {"output", bench::to_json(seconds(t, &PassSeconds::output))}}},
                 {"cpu_seconds", bench::to_json(seconds(t, &PassSeconds::cpu))},
                 {"seconds_by_round", totals(t)},
                 {"memory", memory_json(t.run.device())},
                 {"mean_probability", t.run.mean_probability()}});
    list.push_back(std::move(json));
  }
  return list;
}

void run(const Options& options, Json json) {
  std::deque<PredictionRun> runs;  // a device must not move
  for (const std::string& size : options.sizes) {
    for (const int threads : options.threads) {
      for (const std::string& name : options.models) runs.emplace_back(make_variant(options, name, size, threads));
    }
  }
  std::vector<Timed> variants;
  for (PredictionRun& run : runs) {
    for (int i = 0; i < kWarmUpPasses; ++i) run.pass();
    run.reset_memory_peak();
    variants.push_back({run, {}});
  }
  run_rounds(options.rounds, [&] { return run_round(variants); });
  if (!options.rounds.from_stdin) print_table(variants);
  if (options.json.empty()) return;
  json["variants"] = to_json(variants);
  write_json(options.json, json);
}

std::vector<Argument> arguments_of(Options& options) {
  std::vector<Argument> arguments = machine_arguments(options.precision, options.device);
  const std::vector<Argument> own = {
      words("models", options.models, fmt::format("some of {} [all]", fmt::join(all_names(), ", "))),
      texts("sizes", options.sizes, "X,Y,Z of the image, several separated by spaces [160,192,160]"),
      counts("threads", options.threads, "threads of the kernels, one or several counts"),
      text("json", options.json, "write the results to this file too")};
  for (const std::vector<Argument>& more :
       {own, round_arguments("passes", "timed passes per variant, after one for warming up [5]", options.rounds),
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
                              "Times a network's forward pass from an image to probabilities, without a tape and "
                              "without files, at a batch of 1, as\nrevunet-predict runs a whole volume in one pass. "
                              "Variants take turns, a pass each per round; all of them stay in memory.",
                              bench::arguments_of(options),
                              [&] { bench::run(options, bench::describe_run(argc, argv)); });
}

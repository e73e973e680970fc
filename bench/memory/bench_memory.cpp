// bench-memory compares the memory of a training step with the paper's: planned on the meta device, and measured where
// asked.
#include <algorithm>

#include "bench/common/command_line.h"
#include "bench/common/run_description.h"
#include "bench/common/table.h"
#include "bench/common/training_run.h"
#include "bench/memory/published.h"
#include "engine/memory/allocation_table.h"
#include "models/networks.h"
#include "models/plan/plan.h"

namespace revunet::bench {

namespace {

struct Options {
  std::vector<std::string> measure;
  std::string json;
};

// A Way is one way to train a network.
struct Way {
  std::string name;  // a column of the table, and a key of --measure after a colon
  MemoryMode mode;
  Precision precision;
  OptimiserStep optimiser_step;
};

const std::vector<Way>& ways() {
  constexpr MemoryMode kStored{Activations::stored, Skips::stored}, kSkips{Activations::reversible, Skips::stored},
      kCheckpointed{Activations::checkpointed, Skips::stored}, kAll, kSlabs{.finest = FinestLevel::slabs};
  static const std::vector<Way> all = {{"stored", kStored, Precision::fp32, OptimiserStep::separate},
                                       {"checkpointed", kCheckpointed, Precision::fp32, OptimiserStep::separate},
                                       {"stored-skips", kSkips, Precision::fp32, OptimiserStep::separate},
                                       {"reversible", kAll, Precision::fp32, OptimiserStep::separate},
                                       {"mixed", kAll, Precision::mixed, OptimiserStep::separate},
                                       {"fused", kAll, Precision::fp32, OptimiserStep::fused},
                                       {"slabs", kSlabs, Precision::fp32, OptimiserStep::separate},
                                       {"stored-bf16", kStored, Precision::bf16, OptimiserStep::separate},
                                       {"checkpointed-bf16", kCheckpointed, Precision::bf16, OptimiserStep::separate},
                                       {"stored-skips-bf16", kSkips, Precision::bf16, OptimiserStep::separate},
                                       {"bf16", kAll, Precision::bf16, OptimiserStep::separate}};
  return all;
}

bool applies(const Way& way, const PublishedRow& row) {
  const NetworkRow& network = network_of(row.model.kind);
  const bool has_mode = std::ranges::find(network.modes, way.mode) != network.modes.end();
  return has_mode && (network.reversible_blocks || way.precision != Precision::mixed);
}

MemoryStats planned(const PublishedRow& row, const Way& way) {
  return plan_training({.network = row.model,
                        .mode = way.mode,
                        .optimiser_step = way.optimiser_step,
                        .precision = way.precision,
                        .size = row.size})
      .training;
}

std::string in_mib(size_t bytes) {
  return fmt::format("{:.0f}", mib(bytes));
}

Json print_planned() {
  std::vector<std::string> header = {"MiB, planned", "paper"};
  for (const Way& way : ways()) header.push_back(way.name);
  header.emplace_back("reserved/allocated");
  Table table(header);
  Json list = Json::array();
  for (const PublishedRow& row : published_rows()) {
    std::vector<std::string> cells = {fmt::format("{} {}", row.name, fmt::join(row.size, "x")),
                                      fmt::format("{:.0f}", row.megabytes)};
    double most_reserved = 0;
    for (const Way& way : ways()) {
      if (!applies(way, row)) {
        cells.emplace_back("-");
        continue;
      }
      const MemoryStats stats = planned(row, way);
      cells.push_back(in_mib(stats.peak_allocated));
      most_reserved =
          std::max(most_reserved, static_cast<double>(stats.peak_reserved) / static_cast<double>(stats.peak_allocated));
      list.push_back({{"row", row.name},
                      {"size", row.size},
                      {"way", way.name},
                      {"paper_megabytes", row.megabytes},
                      {"planned_peak_bytes", stats.peak_allocated},
                      {"planned_reserved_bytes", stats.peak_reserved}});
    }
    cells.push_back(fmt::format("{:.3f}", most_reserved));
    table.add_row(std::move(cells));
  }
  fmt::print("{}\n", table.to_string());
  return list;
}

template <class T>
const T& named(const std::vector<T>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &T::name);
  REVUNET_EXPECTS(found != all.end(), UsageError,
                  "[--measure] expected ROW:WAY of names in the table, such as reversible-128:reversible, got '{}'",
                  name);
  return *found;
}

struct Measurement {
  PublishedRow row;
  Way way;
  std::string name() const { return row.name + ":" + way.name; }
};

Measurement parse_measurement(const std::string& what) {
  const size_t colon = what.find(':');
  Measurement m{named(published_rows(), what.substr(0, colon)),
                named(ways(), colon == std::string::npos ? "" : what.substr(colon + 1))};
  REVUNET_EXPECTS(applies(m.way, m.row), UsageError, "[--measure] expected a way that the table has for the {}, got {}",
                  name_of(m.row.model.kind), what);
  return m;
}

// Runs two steps on the CPU. The first makes the optimiser's state, and the second is like all that follow.
Json measure(const Measurement& m) {
  const auto& [row, way] = m;
  TrainingRun run({.name = m.name(),
                   .model = row.model,
                   .mode = way.mode,
                   .precision = way.precision,
                   .optimiser_step = way.optimiser_step,
                   .size = {row.size.begin(), row.size.end()},
                   .threads = available_cpu_threads()});
  run.step();
  const double seconds = run.step().total();
  const size_t expected = planned(row, way).peak_allocated, measured = run.memory().peak_allocated;
  fmt::print("{}: planned {} bytes, measured on the CPU {} bytes ({} MiB), {}; a step took {:.1f} s\n", m.name(),
             expected, measured, in_mib(measured), expected == measured ? "equal" : "NOT equal", seconds);
  std::fflush(stdout);
  return {{"what", m.name()},
          {"planned_peak_bytes", expected},
          {"measured_peak_bytes", measured},
          {"seconds_a_step", seconds}};
}

void run(const Options& options, Json json) {
  std::vector<Measurement> measurements;
  for (const std::string& what : options.measure) measurements.push_back(parse_measurement(what));
  json["planned"] = print_planned();
  json["measured"] = Json::array();
  for (const Measurement& m : measurements) json["measured"].push_back(measure(m));
  if (!options.json.empty()) write_json(options.json, json);
  for (const Json& result : json["measured"]) {
    REVUNET_EXPECTS(result["planned_peak_bytes"] == result["measured_peak_bytes"], Error,
                    "[{}] expected the planned peak, got another; trace both with revunet-train --memory-trace",
                    result["what"].get<std::string>());
  }
}

}  // namespace

}  // namespace revunet::bench

int main(int argc, char** argv) {
  using namespace revunet;
  bench::Options options;
  return bench::run_benchmark(
      argc, argv,
      "Prints the peak memory of a training step (allocated, Adam and workspace included, batch 1) of the paper's\n"
      "networks, planned on the meta device, next to the paper's own figures. Ways to train: all stored; checkpointed;\n"
      "stored skips (the paper's scheme); reversible skips too; that in mixed precision; that with the fused optimiser\n"
      "step; with the finest level in slabs; and the same in bf16.",
      {bench::texts(
           "measure", options.measure,
           "ROW:WAY, several separated by spaces: run two steps on the CPU too, and compare the peak to the byte"),
       bench::text("json", options.json, "write the results to this file too")},
      [&] { bench::run(options, bench::describe_run(argc, argv)); });
}
